{{/* What every pod of elido-backup shares. */}}

{{/* The Secret with the bucket's address and keys. */}}
{{- define "elido.backup.secret" -}}
{{- .Values.backups.s3.secretName | default .Values.secrets.existing.backup -}}
{{- end }}

{{/* The name of the bucket: that of another storage stands in its Secret. */}}
{{- define "elido.backup.bucket" -}}
{{- with .Values.backups.s3.secretName }}
{{ include "elido.secretVariable" (dict "variable" "BACKUP_BUCKET" "name" . "key" "bucket") }}
{{- else }}
- {name: BACKUP_BUCKET, value: {{ .Values.backups.postgres.s3Bucket }}}
{{- end }}
{{- end }}

{{/* Where the bucket is, as elido-backup reads it. */}}
{{- define "elido.backup.env" -}}
{{- $secret := include "elido.backup.secret" . -}}
{{ include "elido.backup.bucket" . | trim }}
{{- range $variable, $key := dict "BACKUP_ENDPOINT" "endpoint" "AWS_DEFAULT_REGION" "region" "AWS_ACCESS_KEY_ID" "access-key" "AWS_SECRET_ACCESS_KEY" "secret-key" }}
{{ include "elido.secretVariable" (dict "variable" $variable "name" $secret "key" $key) }}
{{- end }}
{{- end }}

{{/* The databases of this release, each by the URL of its owner. */}}
{{- define "elido.backup.databases" -}}
{{- $secret := .Values.external.postgres.secretName | default .Values.secrets.existing.postgres -}}
{{- $databases := dict "BACKUP_POSTGRES_URL" "url" -}}
{{- if eq .Values.identity.provider "ory" }}{{ $databases = merge $databases (dict "BACKUP_KRATOS_URL" "kratos-url" "BACKUP_HYDRA_URL" "hydra-url") }}{{ end -}}
{{- range $variable, $key := $databases }}
{{ include "elido.secretVariable" (dict "variable" $variable "name" $secret "key" $key) }}
{{- end }}
{{- end }}

{{/* The click store of this release. The chart's own server has the bucket in its configuration. */}}
{{- define "elido.backup.clicks" -}}
{{ include "elido.secretVariable" (dict "variable" "CLICKHOUSE_URL" "name" (.Values.external.clickhouse.secretName | default .Values.secrets.existing.clickhouse) "key" "url") }}
{{- if .Values.clickhouse.enabled }}
- {name: CLICKHOUSE_COLLECTION, value: backup}
{{- end }}
{{- end }}

{{/* The kinds of backups whose age Prometheus is told, as a list; empty where nobody tells it. */}}
{{- define "elido.backup.kinds" -}}
{{- $kinds := list -}}
{{- if .Values.backups.postgres.enabled }}{{ $kinds = append $kinds "postgres" }}{{ end -}}
{{- if .Values.backups.clickhouse.enabled }}{{ $kinds = append $kinds "clickhouse" }}{{ end -}}
{{- if and .Values.postgres.enabled .Values.postgres.walArchive.enabled }}{{ $kinds = append $kinds "base" }}{{ end -}}
{{- if or (not .Values.monitoring.prometheus.enabled) (not .Values.api.enabled) .Values.restore.fromBackup }}{{ $kinds = list }}{{ end -}}
{{- toJson $kinds -}}
{{- end }}

{{/* A container of elido-backup: {root, name, args, env (rendered), resources}. */}}
{{- define "elido.backup.container" -}}
name: {{ .name }}
image: {{ include "elido.image" (dict "root" .root "image" .root.Values.postgres.image) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: [elido-backup]
args: {{ toJson .args }}
env: {{- .env | nindent 2 }}
resources: {{- include "elido.resources" (.resources | default .root.Values.backups.resources) | nindent 2 }}
securityContext: {{- include "elido.containerSecurityContext" .root | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
{{- end }}

{{/* A CronJob: {root, name, schedule, args, env (rendered), seconds}. */}}
{{- define "elido.backup.cronJob" -}}
{{- $scope := dict "root" .root "component" "backup" -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ .name }}
  labels: {{- include "elido.labels" $scope | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels: {{- include "elido.labels" $scope | nindent 8 }}
    spec:
      backoffLimit: 2
      activeDeadlineSeconds: {{ .seconds }}
      template:
        metadata: {{- include "elido.podMetadata" $scope | nindent 10 }}
        spec:
          {{- include "elido.podDefaults" .root | nindent 10 }}
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext: {{- include "elido.podSecurityContext" (dict "uid" 999) | nindent 12 }}
          containers:
            - {{- include "elido.backup.container" . | nindent 14 }}
          volumes:
            - {name: tmp, emptyDir: {}}
{{- end }}
