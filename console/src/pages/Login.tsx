import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, ProblemError } from '../api.ts';
import iconUrl from '../shell/icon.svg';
import classes from '../shell/shell.module.css';
import { Preferences } from '../shell/TopBar.tsx';
import { useText } from '../text.tsx';

export function Login() {
  const { text } = useText();
  const queries = useQueryClient();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const attempt = useMutation({
    mutationFn: () => api.login(login, password),
    onSuccess: (me) => queries.setQueryData(['me'], me),
    onError: () => setPassword(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate();
  };
  return (
    <main className={classes.loginPage}>
      <form className={classes.login} onSubmit={submit}>
        <div className={classes.loginHead}>
          <span className={classes.brand}>
            <img src={iconUrl} alt="" width={34} height={34} />
            Chartline
          </span>
          <Preferences />
        </div>
        <h1>{text.login.title}</h1>
        {attempt.error && (
          <p className={classes.problem} role="alert">
            {attempt.error instanceof ProblemError && attempt.error.status < 500
              ? (attempt.error.detail ?? attempt.error.message)
              : text.login.away}
          </p>
        )}
        <TextInput
          label={text.login.login}
          name="login"
          size="md"
          autoComplete="username"
          autoCapitalize="none"
          autoFocus
          required
          withAsterisk={false}
          value={login}
          onChange={(event) => setLogin(event.currentTarget.value)}
        />
        <PasswordInput
          label={text.login.password}
          name="password"
          size="md"
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={{ 'aria-label': text.login.password }}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={attempt.isPending}>
          {text.login.submit}
        </Button>
      </form>
    </main>
  );
}
