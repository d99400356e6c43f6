//! Requests to people and the tokens of their links.

use standdown::domain::approval::ApprovalStatus;
use standdown::domain::{Approval, ApprovalId, Bundle, Digest, Limit, Listed};
use standdown::store::{BundledApproval, Row};

use super::Backend;
use super::samples::*;

pub async fn requests_are_projected_and_pending_ones_listed(store: &impl Backend) {
    let run = lone_run(0);
    let (mut first, second) = (approval(1), approval(2));
    let row = |approval: &standdown::domain::Approval| Row::Approval {
        run: run.id,
        agent: agent("billing-bot"),
        approval: Box::new(approval.clone()),
    };
    store.commit(rows([row(&first), row(&second)])).await.unwrap();
    assert_eq!(store.approvals(true, 10).await.unwrap(), [(run.id, second.clone()), (run.id, first.clone())]);

    first.status = ApprovalStatus::Approved;
    first.decided_at = Some(at(9));
    store.commit(rows([row(&first)])).await.unwrap();
    assert_eq!(store.approval(first.id).await.unwrap(), Some((run.id, first.clone())));
    assert_eq!(store.approvals(true, 10).await.unwrap(), [(run.id, second.clone())]);
    assert_eq!(store.approvals(false, 10).await.unwrap(), [(run.id, second), (run.id, first)]);
    assert_eq!(store.approval(ApprovalId::generate(at(0))).await.unwrap(), None);
}

pub async fn the_fifth_wrong_code_revokes_a_token(store: &impl Backend) {
    let token = token("one", approval(0).id, lone_run(0).id);
    let other = super::samples::token("two", token.approval, token.run);
    store.commit(rows([&token, &other].map(|token| Row::Token(Box::new(token.clone()))))).await.unwrap();
    let wrong = || Row::TokenFailed { token: token.digest };
    for failures in 1..=3 {
        store.commit(rows([wrong()])).await.unwrap();
        let stored = store.token(&token.digest).await.unwrap().unwrap();
        assert_eq!((stored.failures, stored.revoked), (failures, false));
    }
    // Two at once count as two.
    store.commit(rows([wrong(), wrong()])).await.unwrap();
    let stored = store.token(&token.digest).await.unwrap().unwrap();
    assert_eq!((stored.failures, stored.revoked), (5, true));
    assert_eq!(store.token(&other.digest).await.unwrap(), Some(other));
    assert_eq!(store.tokens_of(token.approval).await.unwrap().len(), 2);
}

pub async fn a_token_can_be_revoked(store: &impl Backend) {
    let token = token("one", approval(0).id, lone_run(0).id);
    store.commit(rows([Row::Token(Box::new(token.clone()))])).await.unwrap();
    store.commit(rows([Row::TokenRevoked { token: token.digest }])).await.unwrap();
    assert!(store.token(&token.digest).await.unwrap().unwrap().revoked);
    assert_eq!(store.token(&Digest::of(b"nobody's")).await.unwrap(), None);
}

pub async fn requests_of_a_bundle_are_found_while_any_of_them_waits(store: &impl Backend) {
    let run = lone_run(0);
    let (mut first, mut second, alone) = (approval(1), approval(2), approval(3));
    let bundle = |asks| Some(Bundle { first: first.id, limit: Limit::EveryHour, asks });
    (second.bundle, first.bundle) = (bundle(false), bundle(true));
    let row = |approval: &Approval| Row::Approval {
        run: run.id,
        agent: agent("billing-bot"),
        approval: Box::new(approval.clone()),
    };
    store.commit(rows([row(&second), row(&alone), row(&first)])).await.unwrap();
    let found = |requests: &[&Approval]| -> Vec<BundledApproval> {
        let bundled = requests.iter().map(|approval| BundledApproval {
            run: run.id,
            agent: agent("billing-bot"),
            approval: (*approval).clone(),
            is_quarantined: false,
        });
        bundled.collect()
    };
    assert_eq!(store.bundle(first.id).await.unwrap(), found(&[&first, &second]));
    assert_eq!(store.open_bundles().await.unwrap(), found(&[&first, &second]));
    assert_eq!(store.bundle(alone.id).await.unwrap(), []);

    first.status = ApprovalStatus::Approved;
    first.with = vec![Listed::from(&second)];
    store.commit(rows([row(&first)])).await.unwrap();
    assert_eq!(
        store.open_bundles().await.unwrap(),
        found(&[&first, &second]),
        "the decided one says about whom it was"
    );
    second.status = ApprovalStatus::Approved;
    store.commit(rows([row(&second)])).await.unwrap();
    assert_eq!(store.open_bundles().await.unwrap(), []);
    assert_eq!(store.bundle(first.id).await.unwrap(), found(&[&first, &second]));
}
