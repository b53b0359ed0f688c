import { ActionIcon, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import {
  mdiAccountCircleOutline,
  mdiKeyboardOutline,
  mdiKeyVariant,
  mdiLogout,
  mdiTranslate,
  mdiWeatherNight,
  mdiWhiteBalanceSunny,
} from '@mdi/js';
import type { Me } from '../../../app/api-types.ts';
import type { LiveState } from '../live/state.ts';
import { useText } from '../text.tsx';
import { Icon } from './Icon.tsx';
import iconUrl from './icon.svg';
import classes from './shell.module.css';
import { goTo, type Page, usePath } from './use-path.ts';

type Props = {
  readonly me: Me;
  readonly connection: LiveState['connection'];
  readonly onHelp: () => void;
  readonly onPassword: () => void;
  readonly onLogout: () => void;
};

/** Who reads the audit. */
export function mayAudit(me: Me): boolean {
  return me.role === 'privacy-officer';
}

/** Who reads how the phone system is set up. */
export function maySetUp(me: Me): boolean {
  return me.role === 'admin' || me.role === 'supervisor';
}

export function TopBar(props: Props) {
  const { text } = useText();
  return (
    <header className={classes.bar}>
      <a href="#content" className={classes.skip}>
        {text.shell.skip}
      </a>
      <span className={classes.brand}>
        <img src={iconUrl} alt="" width={30} height={30} />
        Chartline
      </span>
      <nav className={classes.nav} aria-label={text.nav.main}>
        <PageLink page="/" label={text.nav.live} />
        <PageLink page="/calls" label={text.nav.history} />
        <PageLink page="/wallboard" label={text.nav.wallboard} />
        {mayAudit(props.me) && <PageLink page="/audit" label={text.nav.audit} />}
        {maySetUp(props.me) && <PageLink page="/setup" label={text.nav.setup} />}
      </nav>
      <ConnectionState connection={props.connection} />
      <Preferences onHelp={props.onHelp} />
      <Menu position="bottom-end">
        <Menu.Target>
          <button type="button" className={classes.me}>
            <Icon path={mdiAccountCircleOutline} size={22} />
            <span>
              {props.me.name}
              <small>{props.me.extension ? `${props.me.role} · ${props.me.extension}` : props.me.role}</small>
            </span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon path={mdiKeyVariant} />} onClick={props.onPassword}>
            {text.password.title}
          </Menu.Item>
          <Menu.Item leftSection={<Icon path={mdiLogout} />} onClick={props.onLogout}>
            {text.shell.logOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </header>
  );
}

function PageLink(props: { page: Page; label: string }) {
  const here = usePath() === props.page;
  return (
    <a
      href={props.page}
      className={classes.link}
      aria-current={here ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        goTo(props.page);
      }}
    >
      {props.label}
    </a>
  );
}

function ConnectionState(props: { connection: LiveState['connection'] }) {
  const { text } = useText();
  const label = { live: text.shell.live, connecting: text.shell.connecting, lost: text.shell.lost, 'signed-out': '' };
  return (
    <span className={classes.connection} data-connection={props.connection}>
      {label[props.connection]}
    </span>
  );
}

/** Language, theme and the list of keys. */
export function Preferences(props: { onHelp?: () => void }) {
  const { text, language, setLanguage } = useText();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <div className={classes.preferences}>
      <IconButton
        path={mdiTranslate}
        label={text.shell.otherLanguage}
        onClick={() => setLanguage(language === 'en' ? 'es' : 'en')}
      />
      <IconButton
        path={dark ? mdiWhiteBalanceSunny : mdiWeatherNight}
        label={dark ? text.shell.light : text.shell.dark}
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      />
      {props.onHelp && <IconButton path={mdiKeyboardOutline} label={text.shell.help} onClick={props.onHelp} />}
    </div>
  );
}

function IconButton(props: { path: string; label: string; onClick: () => void }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={props.label} onClick={props.onClick}>
        <Icon path={props.path} size={20} className={classes.glyph} />
      </ActionIcon>
    </Tooltip>
  );
}
