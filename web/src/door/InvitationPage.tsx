import { useCallback, useEffect, useState } from "react";
import { api, bff, body } from "../api/client";
import { type Problem, problemOf } from "../api/problem";
import { type Boot, fetchBoot } from "../api/session";
import type { InvitationView } from "../api/types";
import { Button } from "../design/Button";
import { t } from "../i18n";
import { dateTime } from "../lib/format";
import { useSubmit } from "../lib/submit";
import { CodeField, NameField, NewPasswordField } from "./fields";
import { enter, Frame, takeSecret, Wrong } from "./frame";
import { SignInForm } from "./SignInForm";

/** Where the mail of an invitation leads. */
export function InvitationPage({ boot }: { boot: Boot }) {
  const [token, setToken] = useState(() => takeSecret("token"));
  const [invitation, setInvitation] = useState<InvitationView>();
  const [problem, setProblem] = useState<Problem>();
  const show = useCallback(async (secret: string) => {
    setProblem(undefined);
    try {
      setInvitation(await body(api.POST("/v1/invitations/show", { body: { token: secret } })));
    } catch (error) {
      setProblem(problemOf(error));
    }
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the link of the mail is followed once
  useEffect(() => {
    if (token) void show(token);
  }, []);

  return (
    <Frame title={t("door.invitation")}>
      <Wrong problem={problem} />
      {invitation ? (
        <Answer invitation={invitation} token={token} boot={boot} />
      ) : (
        (!token || problem) && (
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              void show(token);
            }}
          >
            <CodeField value={token} onValue={(text) => setToken(text.trim())} error={undefined} />
            <Button look="main" type="submit">
              {t("door.showInvitation")}
            </Button>
          </form>
        )
      )}
    </Frame>
  );
}

interface AnswerProperties {
  invitation: InvitationView;
  token: string;
  boot: Boot;
}

function Answer({ invitation, token, boot }: AnswerProperties) {
  const email = invitation.email.toLowerCase();
  const [me, setMe] = useState(boot.user?.email.toLowerCase());
  const { workspace_name: workspace, role } = invitation;
  return (
    <>
      <p>{t("door.invitedTo", { workspace, role: t(`role.${role}`), email: invitation.email })}</p>
      <p className="small muted">{t("door.holdsUntil", { when: dateTime(invitation.expires_at) })}</p>
      {me === email && <Join token={token} />}
      {me !== email && invitation.has_account && (
        <>
          <p>{me ? t("door.otherAccount", { email: me }) : t("door.signInFirst")}</p>
          <SignInForm onDone={() => void fetchBoot().then(({ user }) => setMe(user?.email.toLowerCase()))} />
        </>
      )}
      {me && !invitation.has_account && (
        <Button
          onClick={() =>
            void bff("/bff/session", { method: "DELETE" })
              .catch(() => {})
              .then(() => setMe(undefined))
          }
        >
          {t("door.signOutFirst", { email: me })}
        </Button>
      )}
      {!me && !invitation.has_account && <NewMember token={token} email={invitation.email} />}
    </>
  );
}

function Join({ token }: { token: string }) {
  const { submit, busy, problem } = useSubmit(async () => {
    const joined = await body(api.POST("/v1/invitations/accept", { body: { token } }));
    enter(`/w/${joined.workspace.slug}/links`);
  });
  return (
    <form className="stack" onSubmit={submit}>
      <Wrong problem={problem} />
      <Button look="main" type="submit" disabled={busy}>
        {t("door.join")}
      </Button>
    </form>
  );
}

function NewMember({ token, email }: { token: string; email: string }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const joined = await body(api.POST("/v1/invitations/accept", { body: { token, name, password } }));
    await bff("/bff/session", { method: "POST", json: { email, password } });
    enter(`/w/${joined.workspace.slug}/links`);
  });
  return (
    <form className="stack" onSubmit={submit}>
      {errors.size === 0 && <Wrong problem={problem} />}
      <NameField value={name} onValue={setName} error={errors.get("/name")} />
      <input hidden readOnly autoComplete="username" value={email} />
      <NewPasswordField value={password} onValue={setPassword} error={errors.get("/password")} />
      <Button look="main" type="submit" disabled={busy}>
        {t("door.join")}
      </Button>
    </form>
  );
}
