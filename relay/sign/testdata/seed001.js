// Makes seed001.json: node seed001.js > seed001.json
//
// The receiver of seed 001 parses a delivery's body and signs what JSON.stringify prints of it. Each vector is a body
// as it is sent, and the X-Pendo-Signature with which that receiver accepts it. The bodies are stable JSON: printing
// them again gives the same bytes, or no signature over them could be accepted.
const crypto = require('crypto');

function verifyPendoWebhook(payload, signature, secret) {
  const hmac = crypto.createHmac('sha256', secret);
  const digest = hmac.update(JSON.stringify(payload)).digest('hex');
  return signature === `sha256=${digest}`;
}

const bodies = [
  { event_type: 'guide.viewed', timestamp: '2024-01-15T14:30:00Z', data: { guide_id: 'ABC123', guide_name: 'Feature Announcement', visitor_id: 'user_123', account_id: 'account_456', metadata: { browser: 'Chrome', platform: 'web' } } },
  { event: 'trackEventReceived', properties: { eventProperties: { html: '<a href="x">&amp;</a>', text: 'Zoë 東京 🦊\u2028\u2029', control: '\b\f\n\r\t\u0000\u001f\u007f', lone: '\ud83d', slash: 'a/b\\c' } } },
  { 10: 'ten', 2: 'two', numbers: [0, -0, 1e21, 1e-7, 123456789012345680000, 0.1, 5e-324, 9007199254740991] },
  {},
];
const secrets = ['topsecret', 'Zoë’s secret & more', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'x'.repeat(100)];

const vectors = bodies.map((payload, i) => {
  const secret = secrets[i];
  const body = JSON.stringify(payload);
  const signature = 'sha256=' + crypto.createHmac('sha256', secret).update(Buffer.from(body)).digest('hex');
  if (!verifyPendoWebhook(JSON.parse(body), signature, secret)) throw new Error(`not accepted: ${body}`);
  return { secret, body, signature };
});
console.log(JSON.stringify(vectors, null, 2));
