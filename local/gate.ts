/**
 * A gate in front of a TCP server: open, it passes everything; shut, connections are refused and those that stand are
 * cut, as when the server is down. So an outage can be tried with any lakeFS, one that we may not stop included.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Gate {
  /** `http://127.0.0.1:PORT`; stays the same while the gate is shut. */
  readonly url: string;
  isOpen(): boolean;
  open(): Promise<void>;
  shut(): Promise<void>;
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

export const startGate = async (upstream: string): Promise<Gate> => {
  const { hostname, port } = new URL(upstream);
  const sockets = new Set<Socket>();

  const pass = (incoming: Socket): void => {
    const outgoing = connect({ host: hostname, port: Number(port === '' ? 80 : port) });
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    // Either side may reset; the other is told by the same.
    incoming.on('error', () => outgoing.destroy());
    outgoing.on('error', () => incoming.destroy());
    incoming.once('close', () => outgoing.destroy());
    outgoing.once('close', () => incoming.destroy());
    incoming.pipe(outgoing).pipe(incoming);
  };

  let server: Server | undefined = createServer(pass);
  const own = await listen(server, 0);

  return {
    url: `http://127.0.0.1:${String(own)}`,
    isOpen: () => server !== undefined,
    open: async () => {
      if (server !== undefined) return;
      server = createServer(pass);
      await listen(server, own);
    },
    shut: async () => {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = new Promise((resolve) => closing.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
