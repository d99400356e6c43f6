// The service that Restate calls: the same three HTTP calls as the measured playbook, each a durable step of its own.
//
// usage: node restate.mjs PORT http://TARGET
import { Agent, request } from "node:http";
import * as restate from "@restatedev/restate-sdk";

const [port, target] = process.argv.slice(2);
// Connections to the target are kept, which is the faster way here.
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

function call(step, number, key) {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${target}/call/${step}/${number}`,
      { method: "POST", agent, headers: { "content-type": "application/json", "idempotency-key": key } },
      (answer) => {
        answer.resume();
        answer.on("end", () => (answer.statusCode === 200 ? resolve(true) : reject(new Error(String(answer.statusCode)))));
      },
    );
    sent.on("error", reject);
    sent.end("{}");
  });
}

const runs = restate.service({
  name: "Runs",
  handlers: {
    three: async (context, alert) => {
      const id = context.request().id.toString();
      for (const step of [1, 2, 3]) {
        await context.run(`call ${step}`, () => call(step, alert.fields.number, `${id}-${step}`));
      }
    },
  },
});

await restate.endpoint().bind(runs).listen(Number(port));
