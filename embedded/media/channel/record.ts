/* `record` (blocking, the caller's audio) and `record_session` (in the background, both sides). */
import { isAbsolute, join } from 'node:path';
import type { RecordEnd } from '../rtp/protocol.ts';
import type { Channel, Execution } from './channel.ts';
import { terminatorsOf } from './playback.ts';

const recordingPath = '/tmp';

function setVariables(channel: Channel, { samples, fileBytes, cause }: RecordEnd): void {
  const { variables } = channel;
  variables.set('record_file_size', String(fileBytes));
  variables.set('record_samples', String(samples));
  variables.set('record_seconds', String(Math.floor(samples / 8000)));
  variables.set('record_ms', String(Math.round(samples / 8)));
  variables.set('record_completion_cause', cause === 'silence' ? 'success-silence' : 'success-maxtime');
}

const absolute = (path: string): string => (isAbsolute(path) ? path : join(recordingPath, path));

/** `record <path> [<limit s> [<threshold> [<silence s>]]]`. */
export async function record(channel: Channel, { arg = '', stopped }: Execution): Promise<string> {
  const [path = '', limit, threshold, hits] = arg.trim().split(/\s+/);
  if (path === '') return '-ERR usage';
  const { recordId, ended } = channel.files.newRecording();
  const terminators = terminatorsOf(channel);
  channel.variables.delete('playback_terminator_used');
  const stop = () => channel.media.stopRecord(recordId);
  const endDigits = channel.readDigits((digit) => {
    if (!terminators.includes(digit)) return;
    channel.variables.set('playback_terminator_used', digit);
    stop();
  });
  const stopping = new Promise<null>((resolve) => {
    stopped.addEventListener('abort', () => {
      stop();
      if (stopped.reason === 'hangup') resolve(null);
    });
  });
  const silenceThreshold = Number(threshold ?? 0) || 0;
  channel.media.startRecord({
    recordId,
    path: absolute(path),
    mix: 'read',
    limitSeconds: Number(limit ?? 0) || 0,
    silenceThreshold,
    silenceSeconds: Number(hits ?? 5) || 5,
  });
  const end = await Promise.race([ended, stopping]);
  endDigits();
  if (end === null) return '';
  setVariables(channel, end);
  // An unwritable path ends the call, as on the real server.
  if (end.cause === 'failed') setImmediate(() => channel.hangup('DESTINATION_OUT_OF_ORDER'));
  return '';
}

/** `record_session <path> [+<limit s>]`: answers at once, an unwritable path is no error. */
export function recordSession(channel: Channel, { arg = '' }: Execution): string {
  const [path = '', limit] = arg.trim().split(/\s+/);
  if (path === '' || channel.sessionRecordings.has(path)) return '';
  const { recordId, ended } = channel.files.newRecording();
  channel.sessionRecordings.set(path, recordId);
  const stereo = channel.text('RECORD_STEREO') === 'true';
  channel.media.startRecord({
    recordId,
    path: absolute(path),
    mix: stereo ? 'stereo' : 'mixed',
    limitSeconds: Number(limit ?? 0) || 0,
    silenceThreshold: 0,
    silenceSeconds: 0,
  });
  void ended.then((end) => {
    channel.sessionRecordings.delete(path);
    setVariables(channel, end);
  });
  return '';
}

/** `stop_record_session <path>|all`: completes when the files are whole. */
export async function stopRecordSession(channel: Channel, { arg = '' }: Execution): Promise<string> {
  const paths = arg.trim() === 'all' ? [...channel.sessionRecordings.keys()] : [arg.trim()];
  for (const path of paths) {
    const recordId = channel.sessionRecordings.get(path);
    if (recordId === undefined) continue;
    const gone = channel.files.recordingEnded(recordId);
    channel.media.stopRecord(recordId);
    await gone;
  }
  return '';
}
