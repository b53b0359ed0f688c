import { Button, PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, ProblemError } from '../api.ts';
import { useText } from '../text.tsx';
import { Dialog } from './Dialog.tsx';
import classes from './shell.module.css';

/** Changes the own password; afterwards everybody with the old one, this screen too, has to log in again. */
export function PasswordDialog(props: { opened: boolean; onClose: () => void; onChanged: () => void }) {
  const { text } = useText();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const changing = useMutation({ mutationFn: () => api.changePassword(current, next), onSuccess: props.onChanged });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={text.password.title}>
      <form className={classes.form} onSubmit={submit}>
        <PasswordInput
          label={text.password.current}
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label={text.password.next}
          description={text.password.hint}
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={15}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        {changing.error && (
          <p role="alert" className={classes.problem}>
            {changing.error instanceof ProblemError
              ? (changing.error.detail ?? changing.error.message)
              : text.login.away}
          </p>
        )}
        <Button type="submit" loading={changing.isPending}>
          {text.password.submit}
        </Button>
      </form>
    </Dialog>
  );
}
