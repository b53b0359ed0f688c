/* The few parts of drachtio-fsmrf 4.1.2 that we use; the library ships no types. */
declare module 'drachtio-fsmrf' {
  import type { EventEmitter } from 'node:events';
  import type { Server, Socket } from 'node:net';
  import type Srf from 'drachtio-srf';

  class Mrf {
    constructor(srf: Srf, options?: { customEvents?: string[] });
    connect(options: Mrf.ConnectOptions, callback: (error: Error | null, mediaServer?: Mrf.MediaServer) => void): void;
  }

  namespace Mrf {
    type ConnectOptions = {
      address: string;
      port: number;
      secret: string;
      listenAddress: string;
      listenPort: number;
      advertisedAddress?: string;
      profile?: string;
    };
    interface EslConnection extends EventEmitter {
      readonly socket: Socket | null;
      subscribe(events: string[]): void;
      disconnect(): void;
    }
    interface MediaServer extends EventEmitter {
      readonly conn: EslConnection;
      readonly _server: { readonly server: Server };
      readonly currentSessions: number;
      api(command: string): Promise<unknown>;
      createEndpoint(options: { remoteSdp?: string }): Promise<Endpoint>;
      disconnect(): void;
    }
    interface Endpoint extends EventEmitter {
      readonly uuid: string;
      readonly local: { sdp: string };
      readonly conn: EslConnection | null;
      readonly dialog: (EventEmitter & { readonly connected: boolean }) | null;
      play(files: string | string[]): Promise<unknown>;
      playCollect(options: {
        file: string;
        min: number;
        max: number;
        tries: number;
        timeout: number;
        terminators: string;
        digitTimeout: number;
        varName: string;
      }): Promise<{ digits: string | null | undefined }>;
      api(command: string, args: string | string[]): Promise<unknown>;
      set(variables: Record<string, string>): Promise<void>;
      modify(remoteSdp: string): Promise<string>;
      bridge(other: Endpoint): Promise<void>;
      unbridge(): Promise<void>;
      forkAudioStart(options: {
        wsUrl: string;
        mixType: 'stereo';
        sampling: '8000';
        bugname: string;
        metadata: object;
      }): Promise<void>;
      forkAudioStop(bugname: string): Promise<void>;
      destroy(): Promise<void>;
    }
  }

  export = Mrf;
}
