/* A media worker: a thread with its own clock and its own endpoints, told what to do by messages. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { prepareSources } from '../audio/source.ts';
import { startClock } from './clock.ts';
import { Endpoint } from './endpoint.ts';
import { Link } from './link.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { Room } from './room.ts';

const control = parentPort as MessagePort;
const { index, soundPath } = workerData as { index: number; soundPath: string };
const endpoints = new Map<string, Endpoint>();
const rooms = new Map<string, Room>();
const links = new Map<number, Link>();
let forkPhase = 0;

const emit = (event: FromWorker): void => control.postMessage(event);

function tick(number: number): void {
  for (const endpoint of endpoints.values()) endpoint.receive(number);
  for (const room of rooms.values()) room.mix();
  for (const endpoint of endpoints.values()) endpoint.transmit(number);
  for (const endpoint of endpoints.values()) endpoint.tap();
  for (const link of links.values()) link.flush();
}

async function open(id: string, host: string, port: number): Promise<void> {
  const endpoint = new Endpoint(id, soundPath, emit, (now) => clock.poll(now));
  try {
    await endpoint.open(host, port);
  } catch {
    return emit({ ev: 'opened', id, ok: false, ssrc: 0 });
  }
  endpoints.set(id, endpoint);
  emit({ ev: 'opened', id, ok: true, ssrc: endpoint.ssrc });
}

async function close(endpoint: Endpoint): Promise<void> {
  endpoints.delete(endpoint.id);
  for (const other of endpoints.values()) other.forget(endpoint);
  await endpoint.close();
  for (const [name, room] of rooms) if (room.size === 0) rooms.delete(name);
  emit({ ev: 'closed', id: endpoint.id });
}

function bridge(endpoint: Endpoint, peer: string, peerWorker: number): void {
  const other = endpoints.get(peer);
  const link = links.get(peerWorker);
  if (peerWorker === index && other) endpoint.bridge(other);
  else if (link) endpoint.bridgeRemote(peer, link);
}

function join(endpoint: Endpoint, name: string, muted: boolean, deaf: boolean): void {
  const room = rooms.get(name) ?? new Room();
  rooms.set(name, room);
  room.join(endpoint, muted, deaf);
}

function connectLink(worker: number, port: MessagePort): void {
  links.set(
    worker,
    new Link(port, {
      frame: (id, frame) => endpoints.get(id)?.feed(frame),
      digit: (id, digit, durationMs) => endpoints.get(id)?.sendDigits(digit, durationMs),
    }),
  );
}

function handle(message: Exclude<ToWorker, { op: 'open' | 'link' }>, endpoint: Endpoint): void {
  switch (message.op) {
    case 'close':
      return void close(endpoint);
    case 'media':
      endpoint.setMedia(message.media);
      return;
    case 'timeout':
      endpoint.setTimeout(message.seconds);
      return;
    case 'play':
      endpoint.play(message.playId, message.name, message.offset);
      return;
    case 'stop':
      endpoint.stop(message.playId);
      return;
    case 'bridge':
      bridge(endpoint, message.peer, message.peerWorker);
      return;
    case 'unbridge':
      endpoint.unbridge();
      return;
    case 'mute':
      endpoint.mute(message.direction, message.muted);
      return;
    case 'dtmf':
      endpoint.sendDigits(message.digits, message.durationMs);
      return;
    case 'listenForTones':
      endpoint.listenForTones(message.on);
      return;
    case 'fork':
      forkPhase += 1;
      endpoint.taps.startFork(message.fork, forkPhase);
      return;
    case 'forkCommand':
      endpoint.taps.forkCommand(message.name, message.command);
      return;
    case 'record':
      endpoint.taps.startRecord(message.record);
      return;
    case 'stopRecord':
      endpoint.taps.stopRecord(message.recordId);
      return;
    case 'conference':
      join(endpoint, message.room, message.muted, message.deaf);
      return;
    case 'leave':
      endpoint.leaveRoom();
      return;
    case 'stats':
      emit({ ev: 'stats', id: message.id, request: message.request, stats: endpoint.stats() });
      return;
  }
}

control.on('message', (message: ToWorker) => {
  if (message.op === 'open') return void open(message.id, message.host, message.port);
  if (message.op === 'link') return connectLink(message.worker, message.port);
  const endpoint = endpoints.get(message.id);
  if (endpoint) handle(message, endpoint);
  else if (message.op === 'close') emit({ ev: 'closed', id: message.id });
});

prepareSources();
emit({ ev: 'ready' });
let skipped = 0;
const clock = startClock(tick, (ticks) => {
  // Told once a second at most: what holds the clock up must not be held up by telling.
  if (skipped === 0) setTimeout(tellSkipped, 1000).unref();
  skipped += ticks;
});

function tellSkipped(): void {
  emit({ ev: 'skipped', ticks: skipped });
  skipped = 0;
}
