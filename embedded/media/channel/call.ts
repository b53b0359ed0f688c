/* One call to the engine: ties a dialog's offers and answers to a channel and its media. */
import { header, parseNameAddr, type SipRequest } from '../../sip/message.ts';
import type { Flow } from '../../sip/transport.ts';
import { parseUri } from '../../sip/uri.ts';
import type { EventFields } from '../esl/codec.ts';
import type { Call, Refusal } from '../sip/profile.ts';
import { type LocalSession, type Negotiated, negotiate, offerSdp, type Refused } from '../sip/sdp.ts';
import { reasonHeader } from './causes.ts';
import type { Channel } from './channel.ts';

export class ChannelCall implements Call {
  readonly #channel: Channel;
  readonly #begin: () => void;
  #session: LocalSession;
  #begun = false;
  #held = false;
  sdp: string;

  /** `begin` connects the channel to its app, once there is media to control. */
  constructor(channel: Channel, session: LocalSession, begin: () => void) {
    this.#channel = channel;
    this.#session = session;
    this.#begin = begin;
    this.sdp = '';
  }

  /** First offer, or none: false when it is refused. */
  start(offer: string): Refusal | null {
    if (offer === '') {
      this.sdp = offerSdp(this.#session);
      this.#channel.variables.set('rtp_local_sdp_str', `${this.sdp}a=sendrecv\r\n`);
      return null;
    }
    const result = negotiate(offer, this.#session);
    if (result.kind === 'refused') return notAcceptable(result);
    this.#apply(result, offer);
    this.#beginOnce();
    return null;
  }

  onAck(sdp: string): void {
    if (sdp === '') {
      this.#beginOnce();
      return;
    }
    const result = negotiate(sdp, this.#session);
    if (result.kind === 'refused') {
      this.#channel.hangup('INCOMPATIBLE_DESTINATION');
      return;
    }
    const { sdp: offered } = this;
    this.#apply(result, sdp);
    this.sdp = offered;
    this.#channel.variables.set('rtp_local_sdp_str', `${offered}a=sendrecv\r\n`);
    this.#beginOnce();
  }

  onOffer(offer: string): string | Refusal {
    this.#session = { ...this.#session, version: this.#session.version + 1 };
    if (offer === '') return offerSdp(this.#session);
    const result = negotiate(offer, this.#session);
    if (result.kind === 'refused') return notAcceptable(result);
    this.#apply(result, offer);
    this.#holdOrResume(result);
    return result.sdp;
  }

  onEnd(cause: string): void {
    this.#channel.dialog = null;
    this.#channel.hangup(cause, 'peer');
  }

  #beginOnce(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#begin();
  }

  #apply({ sdp, media, direction, offered }: Negotiated, remote: string): void {
    this.sdp = sdp;
    const { variables } = this.#channel;
    const set = (fields: Readonly<Record<string, string>>) => {
      for (const [name, value] of Object.entries(fields)) variables.set(name, value);
    };
    set({
      switch_r_sdp: remote.replace(/a=sendrecv\r?\n/g, ''),
      rtp_local_sdp_str: direction === 'sendrecv' ? `${sdp}a=sendrecv\r\n` : sdp,
      ep_codec_string: offered.map((law) => `CORE_PCM_MODULE.${law}@8000h@20i@64000b`).join(','),
      remote_audio_media_flow: direction,
      audio_media_flow: direction,
      rtp_use_codec_string: 'PCMU,PCMA',
      rtp_audio_recv_pt: media.law === 'PCMU' ? '0' : '8',
      rtp_use_codec_name: media.law,
      rtp_use_codec_rate: '8000',
      rtp_use_codec_ptime: String(media.ptimeMs),
      rtp_use_codec_channels: '1',
      rtp_last_audio_codec_string: `${media.law}@8000h@${media.ptimeMs}i@1c`,
      read_codec: media.law,
      original_read_codec: media.law,
      read_rate: '8000',
      original_read_rate: '8000',
      write_codec: media.law,
      write_rate: '8000',
      dtmf_type: media.eventType === null ? 'none' : 'rfc2833',
      local_media_ip: this.#session.host,
      local_media_port: String(this.#session.port),
      advertised_media_ip: this.#session.host,
      rtp_use_timer_name: 'soft',
      rtp_use_pt: media.law === 'PCMU' ? '0' : '8',
      rtp_use_ssrc: String(this.#channel.media.ssrc),
      remote_media_ip: media.remoteHost,
      remote_media_port: String(media.remotePort),
    });
    if (media.eventType !== null) {
      set({ rtp_2833_send_payload: String(media.eventType), rtp_2833_recv_payload: String(media.eventType) });
    }
    this.#channel.media.setMedia(media);
  }

  #holdOrResume({ direction }: Negotiated): void {
    const held = direction === 'inactive' || direction === 'recvonly';
    if (held === this.#held) return;
    this.#held = held;
    if (held) {
      this.#channel.setCallState('HELD');
      return;
    }
    this.#channel.setCallState('UNHELD');
    this.#channel.setCallState('ACTIVE');
  }
}

function notAcceptable({ warning }: Refused): Refusal {
  return {
    kind: 'refusal',
    status: 488,
    reason: 'Not Acceptable Here',
    headers: [
      ['Warning', `${warning.slice(0, 3)} media "${warning.slice(4).replaceAll('"', "'")}"`],
      ['Reason', reasonHeader('INCOMPATIBLE_DESTINATION')],
    ],
  };
}

/** The caller profile of events. */
export function callerProfile(invite: SipRequest, flow: Flow, name: string, now = Date.now()): EventFields {
  const stamp = String(now * 1000);
  const user = parseUri(invite.from.uri)?.user ?? 'unknown';
  return {
    Direction: 'inbound',
    'Logical-Direction': 'inbound',
    Dialplan: 'XML',
    'Caller-ID-Name': user,
    'Orig-Caller-ID-Name': user,
    'Network-Addr': flow.remote.address,
    'Destination-Number': parseUri(invite.uri)?.user ?? '',
    Source: 'mod_sofia',
    Context: 'mrf',
    'Channel-Name': name,
    'Profile-Index': '1',
    'Profile-Created-Time': stamp,
    'Channel-Created-Time': stamp,
    'Channel-Answered-Time': stamp,
    'Channel-Progress-Time': '0',
    'Channel-Progress-Media-Time': stamp,
    'Channel-Hangup-Time': '0',
    'Channel-Transfer-Time': '0',
    'Channel-Resurrect-Time': '0',
    'Channel-Bridged-Time': '0',
    'Channel-Last-Hold': '0',
    'Channel-Hold-Accum': '0',
    'Screen-Bit': 'true',
    'Privacy-Hide-Name': 'false',
    'Privacy-Hide-Number': 'false',
  };
}

/** The variables that a new channel has from its INVITE and the dialplan. */
export function setInviteVariables(
  channel: Channel,
  invite: SipRequest,
  flow: Flow,
  own: { tag: string; address: string; port: number; session: number },
): void {
  const userAgent = header(invite, 'user-agent') ?? '';
  const id = /^drachtio-fsmrf:(.*)$/.exec(userAgent)?.[1] ?? '';
  const fields: Record<string, string | string[]> = {
    direction: 'inbound',
    uuid: channel.uuid,
    session_id: String(own.session),
    ...addressVariables('sip_from', invite.from.uri),
    channel_name: channel.name,
    sip_call_id: invite.callId,
    sip_local_network_addr: own.address,
    sip_network_ip: flow.remote.address,
    sip_network_port: String(flow.remote.port),
    sip_received_ip: flow.remote.address,
    sip_received_port: String(flow.remote.port),
    sip_via_protocol: flow.protocol,
    sip_from_tag: invite.from.tag ?? '',
    sip_to_tag: own.tag,
    sip_cseq: String(invite.cseq.number),
    sofia_profile_name: 'drachtio_mrf',
    sofia_profile_url: `sip:mod_sofia@${own.address}:${own.port}`,
    recovery_profile_name: 'drachtio_mrf',
    sip_full_via: invite.vias.join(','),
    sip_full_from: invite.from.value,
    sip_full_to: `${invite.to.value};tag=${own.tag}`,
    ...addressVariables('sip_req', invite.uri),
    ...addressVariables('sip_to', invite.to.uri),
    ...addressVariables('sip_contact', parseNameAddr(invite.headers.contact ?? '')?.uri ?? invite.from.uri),
    sip_via_host: invite.via.host,
    sip_via_rport: String(invite.via.rport ?? flow.remote.port),
    sip_invite_stamp: String(Date.now() * 1000),
    video_media_flow: 'disabled',
    text_media_flow: 'disabled',
    remote_video_media_flow: 'inactive',
    remote_text_media_flow: 'inactive',
    sip_user_agent: userAgent,
    max_forwards: header(invite, 'max-forwards') ?? '70',
    DP_MATCH: [userAgent, id],
    call_uuid: channel.uuid,
    endpoint_disposition: 'ANSWER',
    send_silence_when_idle: '-1',
    hangup_after_bridge: 'false',
    park_after_bridge: 'true',
    playback_terminators: 'none',
  };
  for (const [name, value] of Object.entries(fields)) channel.variables.set(name, value);
  for (const [name, value] of Object.entries(invite.headers)) {
    if (/^x-/i.test(name)) channel.variables.set(`sip_h_${name === 'x-esl-outbound' ? 'X-esl-outbound' : name}`, value);
  }
}

/** `<prefix>_user`, `_host`, `_port` and `_uri` of a SIP URI. */
function addressVariables(prefix: string, uri: string): Record<string, string> {
  const { user, host, port } = parseUri(uri) ?? { user: null, host: '', port: null };
  const [name, number] = [user ?? 'nobody', String(port ?? 5060)];
  return {
    [`${prefix}_user`]: name,
    [`${prefix}_host`]: host,
    [`${prefix}_port`]: number,
    [`${prefix}_uri`]: `${name}@${host}:${number}`,
  };
}
