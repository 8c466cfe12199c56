import { useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { bootQuery, useBoot } from "../../api/boot";
import { SignInForm } from "../../app/SignInForm";
import { t } from "../../i18n";
import { useTitle } from "../../lib/workspace";

export default function SignInPage() {
  const queries = useQueryClient();
  const router = useRouter();
  const boot = useBoot();
  const { to } = useSearch({ from: "/sign-in" });
  useTitle(t("auth.signIn"));
  const go = async () => {
    await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
    // Only pages of this origin are gone back to.
    const target = to?.startsWith("/") && !to.startsWith("//") ? to : "/";
    router.history.push(target);
  };
  return (
    <main className="alone">
      <div className="brand">
        <span className="mark" aria-hidden="true">
          E
        </span>
        Elido
      </div>
      <h1>{t("auth.signIn")}</h1>
      <SignInForm onDone={() => void go()} />
      {boot?.providers?.map((provider) => (
        <a
          key={provider.name}
          className="button"
          href={`/v1/auth/providers/${encodeURIComponent(provider.name)}/sign-in?return_to=${encodeURIComponent("/")}`}
        >
          {t("auth.with", { provider: provider.title ?? provider.name })}
        </a>
      ))}
      <p className="small muted">{t("auth.forgotten")}</p>
    </main>
  );
}
