import { Button, TextInput } from '@mantine/core';
import { mdiPlay } from '@mdi/js';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { HistoryDetail } from '../../../app/api-types.ts';
import { api, ProblemError } from '../api.ts';
import { formatSeconds } from '../format.ts';
import { Icon } from '../shell/Icon.tsx';
import { useText } from '../text.tsx';
import classes from './history.module.css';

/** Asks for the reason, then plays; what the recorder missed is listed. */
export function Recording(props: { recording: HistoryDetail['recordings'][number] }) {
  const { text } = useText();
  const { recording } = props;
  const [reason, setReason] = useState('');
  const opening = useMutation({ mutationFn: () => api.openRecording(recording.id, reason), gcTime: 0 });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    opening.mutate();
  };
  if (recording.state === 'destroyed') return <p className={classes.soft}>{text.history.destroyed}</p>;
  if (!recording.playable) return <p className={classes.soft}>{text.history.notPlayable}</p>;
  if (opening.data) {
    return (
      <figure className={classes.player}>
        {/* biome-ignore lint/a11y/useMediaCaption: a phone call has no captions */}
        <audio controls autoPlay src={opening.data.url} />
        <figcaption className={classes.soft}>
          {text.history.speakers}
          {opening.data.gaps.map((gap) => (
            <span key={gap.atMs} className={classes.soft}>
              {text.history.gap(formatSeconds(gap.atMs / 1_000), formatSeconds(gap.lengthMs / 1_000))}
            </span>
          ))}
        </figcaption>
      </figure>
    );
  }
  return (
    <form className={classes.ask} onSubmit={submit}>
      <TextInput
        label={text.history.reason}
        description={text.history.reasonHint}
        minLength={5}
        maxLength={300}
        required
        withAsterisk={false}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Button type="submit" leftSection={<Icon path={mdiPlay} />} loading={opening.isPending}>
        {text.history.listen} {recording.durationMs !== null && `(${formatSeconds(recording.durationMs / 1_000)})`}
      </Button>
      {opening.error && (
        <p role="alert" className={classes.error}>
          {opening.error instanceof ProblemError
            ? (opening.error.detail ?? opening.error.message)
            : opening.error.message}
        </p>
      )}
    </form>
  );
}
