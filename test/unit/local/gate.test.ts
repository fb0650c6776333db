import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Gate, startGate } from '../../../local/gate.ts';

let upstream: Server;
let gate: Gate;

beforeEach(async () => {
  upstream = createServer((_, response) => response.end('here'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  gate = await startGate(`http://127.0.0.1:${String((upstream.address() as AddressInfo).port)}`);
});

afterEach(async () => {
  await gate.shut();
  upstream.closeAllConnections();
  upstream.close();
});

const ask = async (): Promise<string> => (await fetch(gate.url)).text();

test('passes while it is open, refuses while it is shut, and opens at the same address again', async () => {
  expect(await ask()).toBe('here');
  await gate.shut();
  expect(gate.isOpen()).toBe(false);
  await expect(ask()).rejects.toThrow('fetch failed');
  await gate.open();
  expect(await ask()).toBe('here');
});

test('cuts a request that is under way when it is shut', async () => {
  let reached = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    reached = resolve;
  });
  upstream.removeAllListeners('request');
  upstream.on('request', () => reached());
  const asking = expect(ask()).rejects.toThrow('fetch failed');
  await arrived;
  await gate.shut();
  await asking;
});

test('shutting and opening twice is as good as once', async () => {
  await gate.shut();
  await gate.shut();
  await gate.open();
  await gate.open();
  expect(await ask()).toBe('here');
});
