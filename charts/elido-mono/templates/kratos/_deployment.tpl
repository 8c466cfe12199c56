{{/*
A server of Ory: {root, component, secret, ports, variables, migrate, serve}. It makes its tables before it starts, and starts again until
its database is there: its own image has nothing to wait with.
*/}}
{{- define "elido.ory" -}}
{{- $root := .root }}
{{- $values := get $root.Values .component }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .component }}
  labels: {{- include "elido.labels" . | nindent 4 }}
spec:
  {{- include "elido.ipFamilies" $root | nindent 2 }}
  selector: {{- include "elido.selectorLabels" . | nindent 4 }}
  ports:
    {{- range $name, $port := .ports }}
    - {name: {{ $name }}, port: {{ $port }}, targetPort: {{ $name }}}
    {{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .component }}
  labels: {{- include "elido.labels" . | nindent 4 }}
spec:
  replicas: {{ ternary 2 1 $root.Values.ha.enabled }}
  revisionHistoryLimit: 3
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels: {{- include "elido.selectorLabels" . | nindent 6 }}
  template:
    metadata: {{- include "elido.podMetadata" (merge (dict "checksum" (include "elido.checksum" (dict "root" $root "file" (printf "%s/config.yaml" .component)))) .) | nindent 6 }}
    spec:
      {{- include "elido.podDefaults" $root | nindent 6 }}
      {{- include "elido.spread" . | nindent 6 }}
      serviceAccountName: {{ .component }}
      automountServiceAccountToken: false
      securityContext: {{- include "elido.podSecurityContext" (dict "uid" 10000) | nindent 8 }}
      initContainers:
        - name: migrate
          {{- include "elido.oryContainer" (merge (dict "arguments" .migrate) .) | nindent 10 }}
      containers:
        - name: {{ .component }}
          {{- include "elido.oryContainer" (merge (dict "arguments" .serve) .) | nindent 10 }}
          ports:
            {{- range $name, $port := .ports }}
            - {name: {{ $name }}, containerPort: {{ $port }}}
            {{- end }}
          readinessProbe: {httpGet: {path: /health/ready, port: admin}, periodSeconds: 5, timeoutSeconds: 5}
          livenessProbe: {httpGet: {path: /health/alive, port: admin}, periodSeconds: 15, failureThreshold: 6, timeoutSeconds: 5}
      volumes:
        - {name: config, configMap: {name: {{ .component }}}}
        - {name: tmp, emptyDir: {}}
{{- end }}

{{- define "elido.oryContainer" -}}
{{- $root := .root }}
{{- $values := get $root.Values .component -}}
image: {{ include "elido.image" (dict "root" $root "image" $values.image) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args: {{ toJson .arguments }}
env:
  - {name: HOME, value: /tmp}
  - {name: SQA_OPT_OUT, value: "true"}
  {{- include "elido.secretVariable" (dict "variable" "DSN" "name" ($root.Values.external.postgres.secretName | default $root.Values.secrets.existing.postgres) "key" (printf "%s-url" .component)) | nindent 2 }}
  {{- $secret := get $root.Values.secrets.existing .component }}
  {{- range $variable, $key := .variables }}
  {{- include "elido.secretVariable" (dict "variable" $variable "name" $secret "key" $key) | nindent 2 }}
  {{- end }}
resources: {{- include "elido.resources" $values.resources | nindent 2 }}
securityContext: {{- include "elido.containerSecurityContext" $root | nindent 2 }}
volumeMounts:
  - {name: config, mountPath: /etc/elido, readOnly: true}
  - {name: tmp, mountPath: /tmp}
{{- end }}
