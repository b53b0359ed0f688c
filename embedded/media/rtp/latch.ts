/*
 * Symmetric RTP: from which source packets are taken, and where ours go. The address in the SDP always wins. Another
 * one (a party behind NAT) is taken only while nothing has come from the SDP's, and only after several packets of one
 * SSRC in a row; once latched, everybody else is ignored until the next offer or answer.
 */

const packetsToLatch = 4;

type Latched = 'no' | 'sdp' | 'nat';

export class Latch {
  #sdpHost = '';
  #sdpPort = 0;
  #candidateHost = '';
  #candidatePort = 0;
  #candidateSsrc = 0;
  #candidateCount = 0;
  state: Latched = 'no';
  /** Where media goes. */
  host = '';
  port = 0;
  /** Packets of strangers. */
  refused = 0;

  /** New address from the peer's SDP; the same one again keeps what was learned. */
  expect(host: string, port: number): void {
    if (host === this.#sdpHost && port === this.#sdpPort) return;
    this.#sdpHost = host;
    this.#sdpPort = port;
    this.host = host;
    this.port = port;
    this.state = 'no';
    this.#candidateCount = 0;
  }

  /** May a packet from this source be used? */
  accept(host: string, port: number, ssrc: number): boolean {
    if (port === this.#sdpPort && host === this.#sdpHost) {
      if (this.state !== 'sdp') this.#latch('sdp', host, port);
      return true;
    }
    if (this.state === 'nat' && port === this.port && host === this.host) return true;
    if (this.state === 'no' && this.#isSteady(host, port, ssrc)) {
      this.#latch('nat', host, port);
      return true;
    }
    this.refused += 1;
    return false;
  }

  #isSteady(host: string, port: number, ssrc: number): boolean {
    if (host !== this.#candidateHost || port !== this.#candidatePort || ssrc !== this.#candidateSsrc) {
      this.#candidateHost = host;
      this.#candidatePort = port;
      this.#candidateSsrc = ssrc;
      this.#candidateCount = 0;
    }
    this.#candidateCount += 1;
    return this.#candidateCount >= packetsToLatch;
  }

  #latch(state: Latched, host: string, port: number): void {
    this.state = state;
    this.host = host;
    this.port = port;
  }
}
