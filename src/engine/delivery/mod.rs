//! stub
/// stub
pub struct Delivery;
