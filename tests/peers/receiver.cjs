// A webhook receiver on the loopback interface that believes what the public library verifies.
//
// node receiver.cjs SECRET first writes a line `{"hook": PORT}`, then a line for each call:
// `{"webhook_id", "body"}` of a verified one, `{"refused"}` of one whose signature is wrong, which is
// answered with 401.
const http = require("node:http");
const { Webhook } = require("standardwebhooks");

const webhook = new Webhook(process.argv[2]);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    try {
      // It checks the signature and the time.
      const body = webhook.verify(Buffer.concat(parts).toString("utf8"), request.headers);
      say({ webhook_id: request.headers["webhook-id"], body });
      response.writeHead(204).end();
    } catch (error) {
      say({ refused: String(error) });
      response.writeHead(401).end();
    }
  });
});
server.listen(0, "127.0.0.1", () => say({ hook: server.address().port }));
