{{/* What a release that begins with the backup of another shares. */}}

{{/* What is restored, in words that all of its parts share. */}}
{{- define "elido.restore.target" -}}
{{- .Values.restore.targetTime | default .Values.restore.backupDate | default "latest" -}}
{{- end }}

{{/* The stores that are restored. */}}
{{- define "elido.restore.stores" -}}
{{- list "postgres" "clickhouse" | toJson -}}
{{- end }}

{{/* The init containers that keep api and edge from the stores until both are restored. */}}
{{- define "elido.restore.gate" -}}
{{- $args := concat (list "wait") (include "elido.restore.stores" . | fromJsonArray) (list "--target" (include "elido.restore.target" .)) -}}
{{- $resources := dict "requests" (dict "cpu" "10m" "memory" "64Mi") "limits" (dict "memory" "128Mi") -}}
- {{ include "elido.backup.container" (dict "root" . "name" "restored" "args" $args "env" (include "elido.backup.databases" . | trim) "resources" $resources) | nindent 2 | trim }}
{{- end }}

{{/*
A Job: {root, name, containers (rendered), initContainers (rendered)}. It cannot be changed, so that its name is that of all that is in it; one that
is made anew finds what was restored before, and ends.
*/}}
{{- define "elido.restore.job" -}}
{{- $spec := include "elido.restore.jobSpec" . -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .name }}-{{ $spec | sha256sum | trunc 8 }}
  labels: {{- include "elido.labels" (dict "root" .root "component" "restore") | nindent 4 }}
spec: {{- $spec | nindent 2 }}
{{- end }}

{{- define "elido.restore.jobSpec" -}}
backoffLimit: 3
activeDeadlineSeconds: 43200
template:
  metadata: {{- include "elido.podMetadata" (dict "root" .root "component" "restore") | nindent 4 }}
  spec:
    {{- include "elido.podDefaults" .root | nindent 4 }}
    restartPolicy: Never
    automountServiceAccountToken: false
    securityContext: {{- include "elido.podSecurityContext" (dict "uid" 999) | nindent 6 }}
    {{- with .initContainers }}
    initContainers: {{- . | nindent 6 }}
    {{- end }}
    containers: {{- .containers | nindent 6 }}
    volumes:
      # Room for the dump, which is fetched whole before it is believed.
      - {name: tmp, emptyDir: {sizeLimit: {{ .root.Values.backups.scratchSize }}}}
{{- end }}

{{/* An init container that reads every chain of the audit trail. */}}
{{- define "elido.restore.audit" -}}
- name: audit
  image: {{ include "elido.ownImage" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args: [audit, verify]
  env:
    {{- include "elido.secretVariable" (dict "variable" "ELIDO_DATABASE__URL" "name" (.Values.external.postgres.secretName | default .Values.secrets.existing.postgres) "key" "url") | nindent 4 }}
    - {name: ELIDO_DATA_FOLDER, value: /tmp/elido}
  resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 256Mi}}
  securityContext: {{- include "elido.containerSecurityContext" . | nindent 4 }}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
{{- end }}
