import type { Boot } from "../api/session";
import { t } from "../i18n";
import { enter, Frame } from "./frame";
import { SignInForm } from "./SignInForm";

/** Where one came from; only pages of this origin are gone back to. */
function wanted(): string {
  const to = new URLSearchParams(location.search).get("to") ?? "/";
  return to.startsWith("/") && !/^\/[/\\]/.test(to) ? to : "/";
}

export function SignInPage({ boot }: { boot: Boot }) {
  return (
    <Frame title={t("auth.signIn")}>
      <SignInForm onDone={() => enter(wanted())} />
      {boot.providers?.map((provider) => (
        <a
          key={provider.name}
          className="button"
          href={`/v1/auth/providers/${encodeURIComponent(provider.name)}/sign-in?return_to=${encodeURIComponent("/")}`}
        >
          {t("auth.with", { provider: provider.title ?? provider.name })}
        </a>
      ))}
      <p>
        <a href="/forgotten-password">{t("auth.forgotten")}</a>
      </p>
      {boot.open_registration && (
        <p>
          <a href="/register">{t("door.register")}</a>
        </p>
      )}
    </Frame>
  );
}
