import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const stageBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Every metric of the app process. Labels come from closed unions only; nothing about a patient. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    callsTotal: new Counter({
      name: 'chartline_calls_total',
      help: 'Calls ended, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    callsActive: new Gauge({ name: 'chartline_calls_active', help: 'Calls in progress', registers }),
    callStageSeconds: new Histogram({
      name: 'chartline_call_stage_seconds',
      help: 'INVITE seen to each stage of a call',
      labelNames: ['stage'] as const,
      buckets: stageBuckets,
      registers,
    }),
    faultsTotal: new Counter({
      name: 'chartline_faults_total',
      help: 'Exceptions and rejections that nobody caught',
      labelNames: ['kind'] as const,
      registers,
    }),
    refusalsTotal: new Counter({
      name: 'chartline_sip_refusals_total',
      help: 'Requests refused, by cause',
      labelNames: ['cause'] as const,
      registers,
    }),
    trunkUp: new Gauge({
      name: 'chartline_trunk_up',
      help: '1 while a trunk answers OPTIONS',
      labelNames: ['trunk'] as const,
      registers,
    }),
    trunkRegistered: new Gauge({
      name: 'chartline_trunk_registered',
      help: '1 while we are registered at a carrier that wants it',
      labelNames: ['trunk'] as const,
      registers,
    }),
    emergencyCallsTotal: new Counter({
      name: 'chartline_emergency_calls_total',
      help: 'Calls to 911 and 933, by how they ended',
      labelNames: ['result'] as const,
      registers,
    }),
    registrations: new Gauge({ name: 'chartline_registrations', help: 'Contacts registered', registers }),
    authFailuresTotal: new Counter({
      name: 'chartline_auth_failures_total',
      help: 'Failed digest authentications',
      registers,
    }),
    matchesTotal: new Counter({
      name: 'chartline_caller_matches_total',
      help: 'Caller identifications, by result',
      labelNames: ['kind'] as const,
      registers,
    }),
    ehrBreakerOpen: new Gauge({
      name: 'chartline_ehr_breaker_open',
      help: '1 while the EHR is not asked because it failed too often',
      registers,
    }),
    phoneIndexFailing: new Gauge({
      name: 'chartline_phone_index_failing',
      help: '1 while the phone index cannot be brought up to date',
      registers,
    }),
    writeBacksSetAsideTotal: new Counter({
      name: 'chartline_write_backs_set_aside_total',
      help: 'Calls that the EHR refused to take into a chart',
      registers,
    }),
    recordingsActive: new Gauge({ name: 'chartline_recordings_active', help: 'Recordings being sealed', registers }),
    recordingFailuresTotal: new Counter({
      name: 'chartline_recording_failures_total',
      help: 'Recordings that broke',
      registers,
    }),
    auditFailuresTotal: new Counter({
      name: 'chartline_audit_failures_total',
      help: 'Audit events that could not be stored',
      registers,
    }),
  };
}
export type Metrics = ReturnType<typeof createMetrics>;
