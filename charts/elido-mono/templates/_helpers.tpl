{{/*
What the templates share. Nothing here looks into a cluster, at the clock or at chance, so that two renders are equal.
Arguments come as a dict: root is the top of the chart ($), component is what app.kubernetes.io/component says.
*/}}

{{/* The labels that never change between releases: selectors and claim templates carry these alone. */}}
{{- define "elido.selectorLabels" -}}
app.kubernetes.io/name: elido
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* The labels of an object. */}}
{{- define "elido.labels" -}}
{{ include "elido.selectorLabels" . }}
app.kubernetes.io/part-of: elido
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* The labels of a pod: those that select it, and the operator's own. */}}
{{- define "elido.podLabels" -}}
{{ include "elido.selectorLabels" . }}
app.kubernetes.io/part-of: elido
{{- with .root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The tag of the images that are Elido's own. --set makes a number of a tag of digits alone, and such a number is printed as it was. */}}
{{- define "elido.tag" -}}
{{- $tag := .Values.image.tag -}}
{{- if kindIs "float64" $tag }}{{ $tag | int64 }}{{ else }}{{ $tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{/*
The full name of an image: {root, image}. One without a slash belongs to image.registry; one whose first part is no host is
Docker Hub's. global.imageRegistry takes the place of whatever registry that is.
*/}}
{{- define "elido.image" -}}
{{- $image := .image -}}
{{- if not (contains "/" $image) }}{{ $image = printf "%s/%s" .root.Values.image.registry $image }}{{ end -}}
{{- $first := first (splitList "/" $image) -}}
{{- $isHost := or (contains "." $first) (contains ":" $first) (eq $first "localhost") -}}
{{- $path := ternary (trimPrefix (printf "%s/" $first) $image) $image $isHost -}}
{{- $registry := ternary $first "docker.io" $isHost -}}
{{- printf "%s/%s" (.root.Values.global.imageRegistry | default $registry | trimSuffix "/") $path -}}
{{- end }}

{{/* The image of the executable itself. */}}
{{- define "elido.ownImage" -}}
{{- include "elido.image" (dict "root" . "image" (printf "elido:%s" (include "elido.tag" .))) -}}
{{- end }}

{{/* The securityContext of a pod: {uid, gid}. It passes Pod Security "restricted", and no value can weaken it. */}}
{{- define "elido.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .gid | default .uid }}
fsGroup: {{ .gid | default .uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* The securityContext of every container. */}}
{{- define "elido.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Where a pod may run, and what every pod says of itself: root. */}}
{{- define "elido.podDefaults" -}}
enableServiceLinks: false
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Pods of a component over zones and hosts, as far as there are some: a pod that runs anywhere is better than one that waits. */}}
{{- define "elido.spread" -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "elido.selectorLabels" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* The metadata of a pod template: {root, component, checksum}. The checksum is that of rendered configuration, so that a change of it rolls the pods. */}}
{{- define "elido.podMetadata" -}}
labels: {{- include "elido.podLabels" . | nindent 2 }}
{{- $annotations := dict }}
{{- with .checksum }}{{- $annotations = dict "checksum/config" . }}{{- end }}
{{- with merge $annotations .root.Values.podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A claim template of a StatefulSet: {root, component, storage, name}. Its labels are immutable, and so carry no version. */}}
{{- define "elido.claimTemplate" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .name | default "data" }}
  labels: {{- include "elido.selectorLabels" . | nindent 4 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .storage.className }}
  storageClassName: {{ . }}
  {{- end }}
  resources: {requests: {storage: {{ .storage.size }}}}
{{- end }}

{{/* A PodDisruptionBudget: {root, component, maxUnavailable}. Never for a single pod, whose node could not be drained then. */}}
{{- define "elido.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .component }}
  labels: {{- include "elido.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .maxUnavailable | default 1 }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "elido.selectorLabels" . | nindent 6 }}
{{- end }}

{{/* The addresses of a Service: root. */}}
{{- define "elido.ipFamilies" -}}
{{- with .Values.network.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- end }}

{{/* A listener's address: {root, port}. */}}
{{- define "elido.listen" -}}
{{- $host := .root.Values.network.listen -}}
{{- printf (ternary "[%s]:%v" "%s:%v" (contains ":" $host)) $host .port -}}
{{- end }}

{{/* The resources of a container: no limit on the CPU, ever. */}}
{{- define "elido.resources" -}}
{{- toYaml . -}}
{{- end }}

{{/* "true" in a release that only shows what a backup holds: nothing of it writes to people or takes work. */}}
{{- define "elido.quiet" -}}
{{- if and .Values.restore.fromBackup .Values.restore.quiet }}true{{ end -}}
{{- end }}

{{/* "true" if a component is part of this release: {root, component}. */}}
{{- define "elido.has" -}}
{{- $values := .root.Values -}}
{{- $loud := ne (include "elido.quiet" .root) "true" -}}
{{- $ory := and (eq $values.identity.provider "ory") $values.api.enabled $loud -}}
{{- $has := dict
  "edge" $values.edge.enabled
  "api" $values.api.enabled
  "ingester" (and $values.ingester.enabled $loud)
  "workers" (and $values.workers.enabled $loud)
  "postgres" $values.postgres.enabled
  "redis" (and $values.redis.enabled $loud)
  "clickhouse" $values.clickhouse.enabled
  "keeper" (and $values.clickhouse.enabled (gt (int $values.clickhouse.replicas) 1))
  "redpanda" (and $values.redpanda.enabled $loud)
  "minio" (and $values.minio.enabled $loud)
  "kratos" $ory
  "hydra" $ory
  "caddy" (and $values.caddy.enabled $loud)
-}}
{{- if get $has .component }}true{{ end -}}
{{- end }}

{{/* How many pods a role has where no autoscaler decides: {root, component}. */}}
{{- define "elido.replicas" -}}
{{- $wanted := (get .root.Values .component).replicas -}}
{{- if include "elido.quiet" .root }}1
{{- else if kindIs "string" $wanted }}{{ ternary 2 1 .root.Values.ha.enabled }}
{{- else }}{{ int $wanted }}
{{- end -}}
{{- end }}

{{/* "true" if a HorizontalPodAutoscaler decides how many pods a role has: {root, component}. */}}
{{- define "elido.autoscaled" -}}
{{- $scaling := (get .root.Values .component).autoscaling | default dict -}}
{{- if and $scaling.enabled (not (include "elido.quiet" .root)) }}true{{ end -}}
{{- end }}

{{/* How Caddy is reached, with auto decided. */}}
{{- define "elido.exposure" -}}
{{- $wanted := .Values.ingress.exposure -}}
{{- if ne $wanted "auto" }}{{ $wanted }}
{{- else if .Capabilities.APIVersions.Has "traefik.io/v1alpha1" }}traefik
{{- else }}loadBalancer
{{- end -}}
{{- end }}

{{/* The checksum of what a ConfigMap holds, and of nothing that says which chart made it: {root, file}. */}}
{{- define "elido.checksum" -}}
{{- $rendered := include (printf "%s/%s" .root.Template.BasePath .file) .root | fromYaml -}}
{{- get $rendered "data" | toJson | sha256sum -}}
{{- end }}
