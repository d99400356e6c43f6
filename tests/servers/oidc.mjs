// A real OpenID provider for the tests: opaque client-credentials tokens, RFC 7009 revocation, RFC 7662 introspection.
//
// usage: node oidc.mjs permissive|default
//   permissive  the client `orchestrator` may revoke tokens of other clients
//   default     the provider's own policy: a confidential caller gets 400, and a public one 200 with nothing revoked
//
// It listens on a free loopback port and prints `listening on PORT` when it can be asked.
import { createServer } from 'node:http';

const modules = new URL('../.servers/node_modules/', import.meta.url);
const { default: Provider } = await import(new URL('oidc-provider/lib/index.js', modules));

const policy = process.argv[2];
if (policy !== 'permissive' && policy !== 'default') {
  console.error(`failed to start: the policy is permissive or default, not ${policy}`);
  process.exit(2);
}

const machine = (id, secret) => ({
  client_id: id, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
});
const revocation = { enabled: true };
if (policy === 'permissive') {
  revocation.allowedPolicy = async (_context, client, token) =>
    client.clientId === token.clientId || client.clientId === 'orchestrator';
}

let answer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      machine('agent-7', 'agent-7-secret'),
      machine('agent-8', 'agent-8-secret'),
      machine('orchestrator', 'orchestrator-secret'),
      {
        client_id: 'public-orchestrator', token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
      },
    ],
    scopes: ['api:read'],
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      revocation,
      devInteractions: { enabled: false },
    },
    ttl: { ClientCredentials: 600 },
  });
  answer = provider.callback();
  console.log(`listening on ${port}`);
});
