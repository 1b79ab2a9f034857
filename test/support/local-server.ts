import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

export interface LocalServer {
  readonly origin: string;
  readonly server: Server;
  close(): Promise<void>;
}

/** A real HTTP server on loopback with this `listener`. */
export async function startLocalServer(listener: RequestListener): Promise<LocalServer> {
  const server = createServer(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    server,
    async close() {
      const closed = once(server, 'close');
      server.close();
      // Also those that a CONNECT took out of the server's hands.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * An address on loopback that refuses connections for as long as `work` takes. The port belongs to an open
 * connection, so that no server can take it meanwhile.
 */
export async function withClosedPort<T>(work: (origin: string) => Promise<T>): Promise<T> {
  const server = await startLocalServer(() => undefined);
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return await work(`http://127.0.0.1:${socket.localPort}`);
  } finally {
    socket.destroy();
    await server.close();
  }
}
