{{/* Parts of the roles' pods. */}}

{{- define "elido.ports.edge" -}}
- {name: redirects, containerPort: 8080}
{{- end }}

{{- define "elido.ports.api" -}}
- {name: api, containerPort: 8090}
- {name: grpc, containerPort: 50051}
{{- end }}

{{- define "elido.ports.ingester" -}}{{- end }}
{{- define "elido.ports.workers" -}}{{- end }}

{{/* Edges keep journals in the data folder; other roles nothing that a new pod would miss. */}}
{{- define "elido.dataVolume" -}}
{{- $kind := ternary .root.Values.edge.journal.volume "emptyDir" (eq .component "edge") -}}
{{- if eq $kind "claim" -}}
persistentVolumeClaim: {claimName: edge-journal}
{{- else if eq $kind "hostPath" -}}
hostPath: {path: /var/lib/elido/{{ .root.Release.Namespace }}, type: Directory}
{{- else -}}
emptyDir: {}
{{- end -}}
{{- end }}

{{/* Pods that share a claim which one node mounts. The first of them may run anywhere. */}}
{{- define "elido.sameNode" -}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- include "elido.selectorLabels" . | nindent 12 }}
{{- end }}
