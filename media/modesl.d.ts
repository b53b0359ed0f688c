/* The few parts of drachtio-modesl that we use; the library ships no types. */
declare module 'drachtio-modesl' {
  import type { EventEmitter } from 'node:events';

  interface Connection extends EventEmitter {
    api(command: string, onReply: (reply: { getBody(): string | undefined }) => void): void;
    disconnect(): void;
  }
  const esl: {
    Connection: new (host: string, port: number, secret: string, onReady: () => void) => Connection;
  };
  export default esl;
}
