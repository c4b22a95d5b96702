// The other side in JavaScript: `node rsocket_peer.js server tcp PORT`, or `client tcp PORT`, or ws.
// A server prints what it was asked for, a line each; a client what it was answered.
'use strict';
const { RSocketClient, RSocketServer, BufferEncoders } = require('rsocket-core');
const { Flowable, Single } = require('rsocket-flowable');
const net = require('net');

const say = (...words) => process.stdout.write(words.join(' ') + '\n');
const [mode, transport, port, count] = process.argv.slice(2);
const data = (text) => ({ data: Buffer.from(String(text)), metadata: undefined });
const text = (payload) => payload.data.toString();

// The numbers below n, as they are asked for.
const numbers = (n) => new Flowable((subscriber) => {
  let next = 0, over = false, wanted = 0, running = false;
  const run = () => {
    if (running) return;
    running = true;
    while (!over && wanted > 0 && next < n) { wanted--; subscriber.onNext(data(next++)); }
    running = false;
    if (!over && next >= n) { over = true; subscriber.onComplete(); }
  };
  subscriber.onSubscribe({
    request: (k) => { say('asked', k); wanted += k; run(); },
    cancel: () => { over = true; say('cancelled'); },
  });
});

const responder = {
  requestStream: (payload) => {
    if (text(payload) === 'fail') return Flowable.error(new Error('on purpose'));
    if (payload.metadata) return Flowable.just(data(payload.data.length + ' ' + payload.metadata.length));
    return numbers(Number(text(payload)));
  },
  requestResponse: (payload) => Single.of(data(text(payload).toUpperCase())),
  fireAndForget: (payload) => say('forgot', text(payload)),
  requestChannel: (payloads) => payloads.map((payload) => data(text(payload).toUpperCase())),
  metadataPush: () => Single.of(),
};

function serve() {
  const options = { host: '127.0.0.1', port: Number(port) };
  const Transport = transport === 'tcp'
    ? require('rsocket-tcp-server').default
    : require('rsocket-websocket-server').default;
  new RSocketServer({
    getRequestHandler: () => responder,
    transport: new Transport(options, BufferEncoders),
  }).start();
}

// Ask for a stream, one item at a time or in portions of so many; gives what came.
const stream = (socket, payload, portion, most = Infinity) => new Promise((done) => {
  const got = [];
  let subscription, left = 0;
  socket.requestStream(data(payload)).subscribe({
    onSubscribe: (made) => { subscription = made; left = portion; made.request(portion); },
    onNext: (item) => {
      got.push(text(item));
      if (got.length >= most) { subscription.cancel(); done(got); return; }
      if (--left === 0) { left = portion; subscription.request(portion); }
    },
    onError: (error) => done('failed ' + error.source.code + ' ' + error.source.message),
    onComplete: () => done(got),
  });
});

const one = (single) => new Promise((onComplete, onError) => single.subscribe({ onComplete, onError }));

async function ask() {
  let made;
  if (transport === 'tcp') {
    const Transport = require('rsocket-tcp-client').default;
    made = new Transport({ host: '127.0.0.1', port: Number(port) }, BufferEncoders);
  } else {
    const Transport = require('rsocket-websocket-client').default;
    const wsCreator = (url) => new (require('ws'))(url);
    made = new Transport({ url: 'ws://127.0.0.1:' + port, wsCreator }, BufferEncoders);
  }
  const client = new RSocketClient({
    setup: {
      dataMimeType: 'application/octet-stream', metadataMimeType: 'application/octet-stream',
      keepAlive: 10000, lifetime: 60000,
    },
    transport: made,
  });
  const socket = await one(client.connect());
  for (const portion of [1, 256]) {
    const began = process.hrtime.bigint();
    const got = await stream(socket, count, portion);
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    const right = got.every((item, at) => item === String(at));
    say('stream', portion, got.length, right, Math.round(got.length / seconds));
  }
  say('some', (await stream(socket, '1000000000', 4, 10)).join());
  say('error', await stream(socket, 'fail', 1));
  say('response', text(await one(socket.requestResponse(data('hello')))));
  socket.fireAndForget(data('bye'));
  const answers = [];
  await new Promise((onComplete, onError) => socket.requestChannel(Flowable.just(...['a', 'b', 'c'].map(data)))
    .subscribe({
      onSubscribe: (subscription) => subscription.request(100),
      onNext: (item) => answers.push(text(item)), onComplete, onError,
    }));
  say('channel', answers.join());
  client.close();
  process.exit(0);
}

if (mode === 'server') serve(); else ask().catch((error) => { console.error(error); process.exit(1); });
