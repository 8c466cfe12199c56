{{/*
Who may reach whom: one line a way, and both its ends get a policy. What is not here is refused. Keys are components, ports those of pods.
*/}}
{{- define "elido.ways" -}}
- {from: caddy, to: edge, ports: [8080, 8081]}
- {from: caddy, to: api, ports: [8090]}
- {from: caddy, to: minio, ports: [9000]}
- {from: caddy, to: kratos, ports: [4433]}
- {from: caddy, to: hydra, ports: [4444]}
- {from: edge, to: api, ports: [50051]}
- {from: edge, to: redis, ports: [6379]}
- {from: edge, to: redpanda, ports: [9092]}
- {from: api, to: postgres, ports: [5432]}
- {from: api, to: redis, ports: [6379]}
- {from: api, to: clickhouse, ports: [8123]}
- {from: api, to: redpanda, ports: [9092]}
- {from: api, to: minio, ports: [9000]}
- {from: api, to: kratos, ports: [4433]}
- {from: api, to: hydra, ports: [4445]}
- {from: ingester, to: postgres, ports: [5432]}
- {from: ingester, to: redis, ports: [6379]}
- {from: ingester, to: clickhouse, ports: [8123]}
- {from: ingester, to: redpanda, ports: [9092]}
- {from: workers, to: postgres, ports: [5432]}
- {from: workers, to: redis, ports: [6379]}
- {from: workers, to: clickhouse, ports: [8123]}
- {from: workers, to: redpanda, ports: [9092]}
- {from: workers, to: minio, ports: [9000]}
- {from: kratos, to: postgres, ports: [5432]}
- {from: hydra, to: postgres, ports: [5432]}
- {from: postgres, to: postgres, ports: [5432, 8008]}
- {from: postgres, to: minio, ports: [9000]}
- {from: redis, to: redis, ports: [6379, 16379]}
- {from: clickhouse, to: clickhouse, ports: [8123, 9000, 9009]}
- {from: clickhouse, to: keeper, ports: [9181]}
- {from: clickhouse, to: minio, ports: [9000]}
- {from: keeper, to: keeper, ports: [9181, 9234]}
- {from: redpanda, to: redpanda, ports: [9092, 9644, 33145]}
- {from: minio-buckets, to: minio, ports: [9000]}
- {from: selftest, to: api, ports: [8081, 8090]}
- {from: selftest, to: edge, ports: [8080]}
- {from: backup, to: postgres, ports: [5432, 8008]}
- {from: backup, to: clickhouse, ports: [8123]}
- {from: backup, to: minio, ports: [9000]}
- {from: backup-metrics, to: minio, ports: [9000]}
- {from: restore, to: postgres, ports: [5432]}
- {from: restore, to: clickhouse, ports: [8123]}
- {from: restore, to: api, ports: [8081, 8090]}
- {from: restore, to: edge, ports: [8080]}
- {from: prometheus, to: edge, ports: [8081]}
- {from: prometheus, to: api, ports: [8081]}
- {from: prometheus, to: ingester, ports: [8081]}
- {from: prometheus, to: workers, ports: [8081]}
- {from: prometheus, to: postgres, ports: [8008, 9187]}
- {from: prometheus, to: redis, ports: [9121]}
- {from: prometheus, to: clickhouse, ports: [9363]}
- {from: prometheus, to: redpanda, ports: [9644]}
- {from: prometheus, to: minio, ports: [9000]}
- {from: prometheus, to: caddy, ports: [9180]}
- {from: prometheus, to: backup-metrics, ports: [9640]}
- {from: grafana, to: prometheus, ports: [9090]}
{{- if .Values.edge.journal.handOver }}
- {from: edge, to: minio, ports: [9000]}
{{- end }}
{{- if .Values.restore.fromBackup }}
# An edge begins when the restore says in the database that it is done.
- {from: edge, to: postgres, ports: [5432]}
{{- end }}
{{- end }}

{{/* Components whose server is somewhere else: who asks them may leave the namespace by any TCP port. */}}
{{- define "elido.foreign" -}}
{{- $clients := dict
  "postgres" (list "api" "ingester" "workers" "kratos" "hydra" "backup" "restore")
  "redis" (list "edge" "api" "ingester" "workers")
  "clickhouse" (list "api" "ingester" "workers" "backup" "restore")
  "kafka" (list "edge" "api" "ingester" "workers")
  "s3" (ternary (list "edge" "api" "workers") (list "api" "workers") .Values.edge.journal.handOver)
-}}
{{- $found := list -}}
{{- $quiet := list "postgres" "clickhouse" -}}
{{- range $name, $who := $clients }}
{{- $used := or (not (include "elido.quiet" $)) (has $name $quiet) -}}
{{- if and $used (get $.Values.external $name).secretName }}{{ $found = concat $found $who }}{{ end -}}
{{- end }}
{{- if and .Values.restore.fromBackup .Values.external.postgres.secretName }}{{ $found = append $found "edge" }}{{ end -}}
{{- if dig "s3" "secretName" "" .Values.backups }}{{ $found = concat $found (list "postgres" "clickhouse" "backup" "backup-metrics" "restore") }}{{ end -}}
{{- if .Values.origin.url }}{{ $found = append $found "edge" }}{{ end -}}
{{- if .Values.mail.secretName }}{{ $found = append $found "workers" }}{{ end -}}
{{- if ne .Values.ingress.acme.directory "https://acme-v02.api.letsencrypt.org/directory" }}{{ $found = append $found "caddy" }}{{ end -}}
{{- uniq $found | sortAlpha | toJson -}}
{{- end }}

{{/* Ports of a rule. */}}
{{- define "elido.policyPorts" -}}
ports:
  {{- range . }}
  - {protocol: TCP, port: {{ . }}}
  {{- end }}
{{- end }}

{{/* Pods of a component, as the other end of a way: {root, component}. */}}
{{- define "elido.policyPeer" -}}
- podSelector:
    matchLabels: {{- include "elido.selectorLabels" . | nindent 6 }}
{{- end }}

{{/* The world, and nothing that is at home: private networks, and the addresses of clouds' metadata. */}}
{{- define "elido.policyInternet" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
- ipBlock:
    cidr: "::/0"
    except: ["fc00::/7", "fe80::/10"]
{{- end }}
