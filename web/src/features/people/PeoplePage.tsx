import { useQuery, useQueryClient } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Invitation, Member, Role } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import { date, relative } from "../../lib/format";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { mayAdminister, useRole, useWorkspace } from "../../lib/workspace";

const ROLES = ["owner", "admin", "editor", "viewer", "billing"] as const satisfies Role[];

export default function PeoplePage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const canEdit = mayAdminister(useRole());
  const [inviting, setInviting] = useState(false);
  const path = { workspace_id: workspace.id };
  useTitle(t("nav.people"), workspace.name);
  const members = useQuery({
    queryKey: ["people", workspace.id, "members"],
    queryFn: () => body(api.GET("/v1/workspaces/{workspace_id}/members", { params: { path, query: { limit: 100 } } })),
  });
  const invitations = useQuery({
    queryKey: ["people", workspace.id, "invitations"],
    enabled: canEdit,
    retry: false,
    queryFn: () =>
      body(api.GET("/v1/workspaces/{workspace_id}/invitations", { params: { path, query: { limit: 100 } } })),
  });
  const attempt = async (request: Promise<unknown>) => {
    try {
      await request;
    } catch (error) {
      say(problemOf(error).message);
    }
    await queries.invalidateQueries({ queryKey: ["people", workspace.id] });
  };
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.people")}</h1>
        {canEdit && (
          <Button look="main" icon={<UserPlus aria-hidden="true" />} onClick={() => setInviting(true)}>
            {t("people.invite")}
          </Button>
        )}
      </div>
      {members.isError && <Failure error={members.error} onRetry={() => void members.refetch()} />}
      {members.isPending && <Skeleton count={3} />}
      <ul className="stack-s">
        {members.data?.data.map((member) => (
          <MemberRow key={member.user_id} member={member} canEdit={canEdit} attempt={attempt} />
        ))}
      </ul>
      {(invitations.data?.data.length ?? 0) > 0 && (
        <section className="stack-s section" aria-label={t("people.invited")}>
          <h2>{t("people.invited")}</h2>
          <ul className="stack-s">
            {invitations.data?.data.map((invitation) => (
              <InvitationRow key={invitation.id} invitation={invitation} attempt={attempt} />
            ))}
          </ul>
        </section>
      )}
      <section className="sheet pad stack-s section" aria-label={t("people.roles")}>
        <h2>{t("people.roles")}</h2>
        <dl className="roles">
          {ROLES.map((role) => (
            <div key={role}>
              <dt>
                <b>{t(`role.${role}`)}</b>
              </dt>
              <dd className="small">{t(`roleText.${role}`)}</dd>
            </div>
          ))}
        </dl>
      </section>
      {inviting && (
        <Invite
          onClose={() => setInviting(false)}
          onDone={() => void queries.invalidateQueries({ queryKey: ["people", workspace.id] })}
        />
      )}
    </>
  );
}

interface RowProperties {
  member: Member;
  canEdit: boolean;
  attempt: (request: Promise<unknown>) => Promise<void>;
}

function MemberRow({ member, canEdit, attempt }: RowProperties) {
  const path = { workspace_id: useWorkspace().id, user_id: member.user_id };
  const isMe = useBoot()?.user?.id === member.user_id;
  // What was chosen shows until the answer says what holds.
  const [chosen, setChosen] = useState<Role>();
  const set = async (role: Role) => {
    setChosen(role);
    const params = { path };
    await attempt(body(api.PATCH("/v1/workspaces/{workspace_id}/members/{user_id}", { params, body: { role } })));
    setChosen((now) => (now === role ? undefined : now));
  };
  return (
    <li className="sheet pad row apart">
      <div className="grow">
        <strong>{member.name || member.email}</strong> {isMe && <span className="badge">{t("people.you")}</span>}
        <div className="small muted">
          {member.email} · {t("people.since", { when: date(member.created_at) })}
        </div>
      </div>
      {canEdit && !isMe ? (
        <div className="row">
          <select
            className="input pick"
            aria-label={t("people.roleOf", { name: member.email })}
            value={chosen ?? member.role}
            onChange={(event) => void set(event.target.value as Role)}
          >
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {t(`role.${role}`)}
              </option>
            ))}
          </select>
          <Button
            look="bad"
            onClick={() =>
              attempt(body(api.DELETE("/v1/workspaces/{workspace_id}/members/{user_id}", { params: { path } })))
            }
          >
            {t("people.remove")}
          </Button>
        </div>
      ) : (
        <span className="badge">{t(`role.${member.role}`)}</span>
      )}
    </li>
  );
}

function InvitationRow({ invitation, attempt }: { invitation: Invitation; attempt: RowProperties["attempt"] }) {
  const path = { workspace_id: useWorkspace().id, invitation_id: invitation.id };
  const resend = () =>
    body(api.POST("/v1/workspaces/{workspace_id}/invitations/{invitation_id}/resend", { params: { path } }));
  const revoke = () =>
    body(api.DELETE("/v1/workspaces/{workspace_id}/invitations/{invitation_id}", { params: { path } }));
  return (
    <li className="sheet pad row apart">
      <div className="grow">
        <strong>{invitation.email}</strong> <span className="badge">{t(`role.${invitation.role}`)}</span>
        <div className="small muted">
          {t("people.sent", { when: relative(invitation.sent_at), until: date(invitation.expires_at) })}
        </div>
      </div>
      <div className="row">
        <Button onClick={() => attempt(resend())}>{t("people.resend")}</Button>
        <Button look="bad" onClick={() => attempt(revoke())}>
          {t("people.withdraw")}
        </Button>
      </div>
    </li>
  );
}

function Invite({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const path = { workspace_id: useWorkspace().id };
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await body(api.POST("/v1/workspaces/{workspace_id}/invitations", { params: { path }, body: { email, role } }));
      say(t("people.invitedOne", { email }));
      onClose();
      onDone();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <Dialog open onClose={onClose} title={t("people.invite")}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <Field
          label={t("auth.email")}
          type="email"
          value={email}
          onValue={setEmail}
          error={problem?.fields.get("/email") ?? problem?.message}
          autoFocus
          required
        />
        <Choice
          label={t("people.role")}
          value={role}
          onValue={(value) => setRole(value as Role)}
          options={ROLES.filter((name) => name !== "owner").map((name) => [name, t(`role.${name}`)])}
        />
        <div className="row">
          <Button look="main" type="submit">
            {t("people.invite")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
