import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { bootQuery, useBoot } from "../../api/boot";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import { Button } from "../../design/Button";
import { Copy } from "../../design/Copy";
import { Failure, Skeleton } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";

export function SecondFactor() {
  const queries = useQueryClient();
  const email = useBoot()?.user?.email ?? "";
  const [password, setPassword] = useState("");
  const [secret, setSecret] = useState<string>();
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[]>();
  const [problem, setProblem] = useState<Problem>();
  const query = useQuery({ queryKey: ["second-factor"], queryFn: () => body(api.GET("/v1/me/second-factor")) });
  const attempt = (run: () => Promise<void>) => async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      await run();
      setPassword("");
      await queries.fetchQuery({ ...bootQuery, staleTime: 0 });
      await queries.invalidateQueries({ queryKey: ["second-factor"] });
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const begin = attempt(async () =>
    setSecret((await body(api.POST("/v1/me/second-factor", { body: { password } }))).secret),
  );
  const confirm = attempt(async () => {
    const made = await body(api.POST("/v1/me/second-factor/confirm", { body: { code: code.replaceAll(/\s/g, "") } }));
    setCodes(made.recovery_codes);
    setSecret(undefined);
    setCode("");
  });
  const disable = attempt(async () => {
    await body(api.POST("/v1/me/second-factor/disable", { body: { password } }));
    setCodes(undefined);
  });
  const enabled = query.data?.enabled;
  return (
    <section className="sheet pad stack narrow" aria-label={t("me.secondFactor")}>
      <h2>{t("me.secondFactor")}</h2>
      {query.isPending && <Skeleton />}
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {problem && (
        <p className="note" data-look="bad" role="alert">
          {problem.message}
        </p>
      )}
      {codes && (
        <div className="note stack-s" data-look="warn">
          <p>{t("me.recoveryCodes")}</p>
          <pre className="code">{codes.join("\n")}</pre>
          <div className="row">
            <Copy text={codes.join("\n")} />
          </div>
        </div>
      )}
      {query.data && <p>{enabled ? t("me.factorOn", { count: query.data.recovery_codes_left }) : t("me.factorOff")}</p>}
      {secret ? (
        <form className="stack" onSubmit={(event) => void confirm(event)}>
          <p>{t("me.typeSecret")}</p>
          <div className="row">
            <code className="grow">{secret}</code>
            <Copy text={secret} />
          </div>
          <Field
            label={t("auth.code")}
            value={code}
            onValue={setCode}
            autoComplete="one-time-code"
            inputMode="numeric"
            required
            mono
          />
          <div className="row">
            <Button look="main" type="submit">
              {t("me.turnOn")}
            </Button>
          </div>
        </form>
      ) : (
        query.data && (
          <form className="stack" onSubmit={(event) => void (enabled ? disable(event) : begin(event))}>
            <input type="email" autoComplete="username" value={email} readOnly hidden />
            <Field
              label={t("auth.password")}
              type="password"
              value={password}
              onValue={setPassword}
              autoComplete="current-password"
              required
            />
            <div className="row">
              <Button {...(enabled ? { look: "bad" as const } : {})} type="submit">
                {enabled ? t("me.turnOff") : t("me.setUp")}
              </Button>
            </div>
          </form>
        )
      )}
    </section>
  );
}
