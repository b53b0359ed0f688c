/* RTP statistics as the channel variables of `uuid_set_media_stats`. */
import type { MediaStats } from '../rtp/protocol.ts';

/** Quality after the E-model's effective equipment impairment for G.711 (ITU-T G.113 I): loss is what it mostly hears. */
function meanOpinionScore(lossRatio: number): number {
  const rating = 93.2 - (95 * lossRatio * 100) / (lossRatio * 100 + 4.3);
  if (rating <= 0) return 1;
  return Math.min(4.5, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

export function mediaVariables(stats: MediaStats): [string, string][] {
  const expected = stats.packetsIn + stats.lostIn;
  const loss = expected === 0 ? 0 : stats.lostIn / expected;
  const values: Record<string, number | string> = {
    in_raw_bytes: stats.bytesIn,
    in_media_bytes: stats.bytesIn,
    in_packet_count: stats.packetsIn,
    in_media_packet_count: stats.packetsIn - stats.eventsIn,
    in_skip_packet_count: stats.lostIn,
    in_jitter_packet_count: stats.lateIn,
    in_dtmf_packet_count: stats.eventsIn,
    in_cng_packet_count: 0,
    in_flush_packet_count: stats.refusedIn,
    in_jitter_max_variance: stats.jitterMs.toFixed(2),
    in_jitter_loss_rate: (loss * 100).toFixed(2),
    in_mean_interval: '20.00',
    in_flaw_total: stats.lostIn + stats.lateIn,
    in_quality_percentage: Math.max(0, 100 - loss * 100).toFixed(2),
    in_mos: meanOpinionScore(loss).toFixed(2),
    out_raw_bytes: stats.bytesOut,
    out_media_bytes: stats.bytesOut,
    out_packet_count: stats.packetsOut,
    out_media_packet_count: stats.packetsOut - stats.eventsOut,
    out_skip_packet_count: stats.remoteLost,
    out_dtmf_packet_count: stats.eventsOut,
    out_cng_packet_count: 0,
    out_jitter_ms: stats.remoteJitterMs.toFixed(2),
    rtcp_packet_count: stats.rtcpIn,
    rtcp_octet_count: 0,
  };
  return Object.entries(values).map(([name, value]) => [`rtp_audio_${name}`, String(value)]);
}
