import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { Account } from "../../api/types";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import { date } from "../../lib/format";
import { useSettled } from "../../lib/settled";
import { useSubmit } from "../../lib/submit";
import { say } from "../../lib/toasts";
import { AdminFrame } from "./AdminFrame";

export default function AccountsPage() {
  return (
    <AdminFrame title={t("admin.accounts")}>
      <Accounts />
    </AdminFrame>
  );
}

function Accounts() {
  const { email } = useSearch({ from: "/signed-in/admin/accounts" });
  const navigate = useNavigate({ from: "/admin/accounts" });
  const [text, setText] = useState(email ?? "");
  const settled = useSettled(text.trim(), 250);
  useEffect(() => void navigate({ search: settled ? { email: settled } : {}, replace: true }), [settled, navigate]);
  const query = useInfiniteQuery({
    queryKey: ["admin-accounts", email],
    placeholderData: keepPreviousData,
    initialPageParam: "",
    queryFn: ({ pageParam }) => {
      const asked = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}), ...(email ? { email } : {}) };
      return body(api.GET("/v1/admin/accounts", { params: { query: asked } }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const accounts = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <div className="stack">
      <div className="narrow">
        <Field label={t("auth.email")} type="search" value={text} onValue={setText} hint={t("admin.wholeEmail")} />
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton count={4} />}
      {query.data && accounts.length === 0 && <p className="muted">{t("palette.none")}</p>}
      <ul className="stack-s">
        {accounts.map((account) => (
          <Row key={account.id} account={account} />
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="row">
          <Button onClick={() => void query.fetchNextPage()}>{t("common.more")}</Button>
        </div>
      )}
    </div>
  );
}

function Row({ account }: { account: Account }) {
  const queries = useQueryClient();
  const isMe = useBoot()?.user?.id === account.id;
  const [resetting, setResetting] = useState(false);
  const params = { path: { user_id: account.id } };
  const refetch = () => queries.invalidateQueries({ queryKey: ["admin-accounts"] });
  const attempt = async (request: Promise<unknown>, undo?: () => void) => {
    try {
      await request;
      say(t("admin.changed", { email: account.email }), undo);
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const enable = () => attempt(body(api.POST("/v1/admin/accounts/{user_id}/enable", { params })));
  const disable = () =>
    attempt(body(api.POST("/v1/admin/accounts/{user_id}/disable", { params })), () => void enable());
  return (
    <li className="sheet pad row apart">
      <div className="grow">
        <strong>{account.name || account.email}</strong> {isMe && <span className="badge">{t("people.you")}</span>}{" "}
        {account.is_admin && <span className="badge">{t("admin.admin")}</span>}{" "}
        {account.disabled_at && (
          <span className="badge" data-look="bad">
            {t("state.disabled")}
          </span>
        )}
        <div className="small muted">
          {account.email} · {account.email_verified ? t("admin.verified") : t("admin.notVerified")} ·{" "}
          {account.second_factor_enabled ? t("admin.factorOn") : t("admin.factorOff")} ·{" "}
          {t("people.since", { when: date(account.created_at) })}
        </div>
      </div>
      <div className="row">
        {account.second_factor_enabled && <Button onClick={() => setResetting(true)}>{t("admin.resetFactor")}</Button>}
        {!isMe && account.disabled_at && <Button onClick={() => enable()}>{t("admin.enable")}</Button>}
        {!isMe && !account.disabled_at && (
          <Button look="bad" onClick={() => disable()}>
            {t("admin.disable")}
          </Button>
        )}
      </div>
      {resetting && <ResetFactor account={account} onClose={() => setResetting(false)} onDone={refetch} />}
    </li>
  );
}

interface ResetProperties {
  account: Account;
  onClose: () => void;
  onDone: () => Promise<void>;
}

function ResetFactor({ account, onClose, onDone }: ResetProperties) {
  const { submit, busy, problem } = useSubmit(async () => {
    const params = { path: { user_id: account.id } };
    await body(api.POST("/v1/admin/accounts/{user_id}/reset-second-factor", { params }));
    say(t("admin.changed", { email: account.email }));
    onClose();
    await onDone();
  });
  return (
    <Dialog open onClose={onClose} title={t("admin.resetFactor")}>
      <form className="stack" onSubmit={submit}>
        <p>{t("admin.resetFactorText", { email: account.email })}</p>
        {problem && <Failure error={problem} />}
        <div className="row">
          <Button look="bad" type="submit" disabled={busy}>
            {t("admin.resetFactor")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
