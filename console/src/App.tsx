import { Button } from '@mantine/core';
import { mdiCloudAlert, mdiEyeOffOutline } from '@mdi/js';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Me } from '../../app/api-types.ts';
import { api } from './api.ts';
import { useLive } from './live/use-live.ts';
import { AuditTrail } from './pages/AuditTrail.tsx';
import { History } from './pages/History.tsx';
import { Live } from './pages/Live.tsx';
import { Login } from './pages/Login.tsx';
import { Setup } from './pages/Setup.tsx';
import { Wallboard } from './pages/Wallboard.tsx';
import { EmergencyBanner } from './shell/EmergencyBanner.tsx';
import { HealthBanner } from './shell/HealthBanner.tsx';
import { Help } from './shell/Help.tsx';
import { Notice } from './shell/Notice.tsx';
import { PasswordDialog } from './shell/PasswordDialog.tsx';
import classes from './shell/shell.module.css';
import { mayAudit, maySetUp, TopBar } from './shell/TopBar.tsx';
import { useAttendance } from './shell/use-attendance.ts';
import { useKeys } from './shell/use-keys.ts';
import { goTo, usePath } from './shell/use-path.ts';
import { useText } from './text.tsx';

const blankAfterMs = 5 * 60_000;

export function App() {
  const { text } = useText();
  const me = useQuery({ queryKey: ['me'], queryFn: api.me, staleTime: Number.POSITIVE_INFINITY });
  if (me.data) return <SignedIn me={me.data} />;
  if (me.data === null) return <Login />;
  if (me.isPending) return <p className="visually-hidden">{text.shell.loading}</p>;
  return (
    <Notice icon={mdiCloudAlert} title={text.shell.error} alert>
      <p>{text.login.away}</p>
      <Button onClick={() => me.refetch()}>{text.shell.retry}</Button>
    </Notice>
  );
}

function SignedIn(props: { me: Me }) {
  const { text } = useText();
  const queries = useQueryClient();
  const live = useLive();
  const page = usePath();
  const attended = useAttendance(blankAfterMs);
  const [help, setHelp] = useState(false);
  const [password, setPassword] = useState(false);
  const forget = () => {
    queries.setQueryData(['me'], null);
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'me' });
  };
  const logout = useMutation({ mutationFn: api.logout, onSettled: forget });
  useKeys({ '?': () => setHelp(true), l: () => goTo('/'), h: () => goTo('/calls'), b: () => goTo('/wallboard') });

  const ringing = live.calls.filter((call) => call.state === 'ringing').length;
  useEffect(() => {
    document.title = ringing > 0 ? `(${ringing}) ${text.state.ringing} · Chartline` : 'Chartline';
  }, [ringing, text]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only the end of the session matters
  useEffect(() => {
    if (live.connection === 'signed-out') forget();
  }, [live.connection]);

  if (!attended) {
    return (
      <>
        <EmergencyBanner calls={live.calls} />
        <Blank ringing={ringing > 0} />
      </>
    );
  }
  return (
    <>
      <TopBar
        me={props.me}
        connection={live.connection}
        onHelp={() => setHelp(true)}
        onPassword={() => setPassword(true)}
        onLogout={() => logout.mutate()}
      />
      <EmergencyBanner calls={live.calls} />
      <HealthBanner live={live} />
      <main id="content" className={classes.page}>
        {page === '/' && <Live me={props.me} live={live} />}
        {page === '/calls' && <History />}
        {page === '/wallboard' && <Wallboard live={live} />}
        {page === '/audit' && mayAudit(props.me) && <AuditTrail />}
        {page === '/setup' && maySetUp(props.me) && <Setup me={props.me} />}
      </main>
      <Help opened={help} onClose={() => setHelp(false)} />
      <PasswordDialog opened={password} onClose={() => setPassword(false)} onChanged={forget} />
    </>
  );
}

function Blank(props: { ringing: boolean }) {
  const { text } = useText();
  return (
    <main className={classes.blank}>
      <Notice icon={mdiEyeOffOutline} title={props.ringing ? text.shell.blankRinging : text.shell.blank}>
        <p>{text.shell.blankWhy}</p>
      </Notice>
    </main>
  );
}
