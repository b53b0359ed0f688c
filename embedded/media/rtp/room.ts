/* A conference's mix: each member hears the sum of the others. All members are in one worker. */
import { frameSamples } from './jitter-buffer.ts';

/** Mean absolute sample above which a member counts as talking. */
const talkLevel = 100;
const hangoverTicks = 25;

/** What a conference needs of a media endpoint. */
type Endpoint = {
  readonly heard: Int16Array;
  joinRoom(room: Room): void;
  setTalking(talking: boolean): void;
};
type Member = { muted: boolean; deaf: boolean; quiet: number };

export class Room {
  readonly #members = new Map<Endpoint, Member>();
  readonly #sum = new Int32Array(frameSamples);

  get size(): number {
    return this.#members.size;
  }

  join(endpoint: Endpoint, muted: boolean, deaf: boolean): void {
    const member = this.#members.get(endpoint);
    if (member) {
      member.muted = muted;
      member.deaf = deaf;
      return;
    }
    this.#members.set(endpoint, { muted, deaf, quiet: hangoverTicks });
    endpoint.joinRoom(this);
  }

  leave(endpoint: Endpoint): void {
    this.#members.delete(endpoint);
  }

  /** Between the two halves of a tick. */
  mix(): void {
    this.#sum.fill(0);
    for (const [endpoint, member] of this.#members) {
      if (member.muted) continue;
      let level = 0;
      for (let i = 0; i < frameSamples; i++) {
        const sample = endpoint.heard[i] as number;
        this.#sum[i] = (this.#sum[i] as number) + sample;
        level += Math.abs(sample);
      }
      member.quiet = level > talkLevel * frameSamples ? 0 : member.quiet + 1;
      endpoint.setTalking(member.quiet < hangoverTicks);
    }
  }

  /** Writes what `endpoint` hears to `frame`; false when it hears nothing. */
  mixFor(endpoint: Endpoint, frame: Int16Array): boolean {
    const member = this.#members.get(endpoint);
    if (member === undefined || member.deaf) {
      frame.fill(0);
      return false;
    }
    for (let i = 0; i < frameSamples; i++) {
      const own = member.muted ? 0 : (endpoint.heard[i] as number);
      frame[i] = Math.max(-32768, Math.min(32767, (this.#sum[i] as number) - own));
    }
    return true;
  }
}
