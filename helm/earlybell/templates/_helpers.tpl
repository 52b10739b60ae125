{{/* Labels of every object; call with (list $ "component"). */}}
{{- define "earlybell.labels" -}}
{{- $root := index . 0 -}}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
app.kubernetes.io/name: earlybell
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/part-of: earlybell
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end }}

{{/* Labels of a pod, by which network policies find it; call with (list $ "component"). */}}
{{- define "earlybell.podLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: earlybell
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/part-of: earlybell
{{- with omit $root.Values.podLabels "app.kubernetes.io/name" "app.kubernetes.io/component" "app.kubernetes.io/part-of" }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A map with what is added to it, each key once, where what is added wins; call with (list YAML MAP). */}}
{{- define "earlybell.once" -}}
{{- mergeOverwrite (fromYaml (index . 0)) (deepCopy (index . 1)) | toYaml -}}
{{- end }}

{{/* Tag of an image; call with (list $ "serving"). */}}
{{- define "earlybell.tag" -}}
{{- $root := index . 0 -}}
{{- (index $root.Values.images (index . 1)).tag | default $root.Chart.AppVersion -}}
{{- end }}

{{/* Image and pull policy of a container; call with (list $ "serving"). */}}
{{- define "earlybell.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.images (index . 1) -}}
image: "{{ $image.repository }}:{{ include "earlybell.tag" . }}{{ with $image.digest }}@{{ . }}{{ end }}"
imagePullPolicy: {{ $image.pullPolicy }}
{{- end }}

{{/* What Kubernetes' profile `restricted` wants of a container, and a root file system that nothing writes to. */}}
{{- define "earlybell.securityContext" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The same of a pod. */}}
{{- define "earlybell.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Peers of a NetworkPolicy: all pods of the namespaces with these names. */}}
{{- define "earlybell.namespaces" -}}
{{- range . }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . }}
{{- end }}
{{- end }}

{{/* What chooses the model's pods, of every version. */}}
{{- define "earlybell.models" -}}
matchExpressions:
  - key: serving.kserve.io/inferenceservice
    operator: Exists
{{- end }}

{{/* TCP ports of a NetworkPolicy. */}}
{{- define "earlybell.ports" -}}
{{- range . }}
- protocol: TCP
  port: {{ . }}
{{- end }}
{{- end }}

{{/* Egress rules of a NetworkPolicy, of peers and ports. */}}
{{- define "earlybell.egress" -}}
{{- range . }}
- to: {{- toYaml .to | nindent 4 }}
  ports: {{- include "earlybell.ports" .ports | trim | nindent 4 }}
{{- end }}
{{- end }}

{{/* An address that goes into a ConfigMap: refused with a password in it, which is not shown. Call with (list value "name"). */}}
{{- define "earlybell.address" -}}
{{- if regexMatch "(?i)^[a-z0-9+.-]+://[^/@]*:.*@|[?&](ssl)?password=" (index . 0) -}}
{{- fail (printf "%s holds a password. Put it into the Secret beside it, and name the role or nobody here." (index . 1)) -}}
{{- end -}}
{{- index . 0 | quote -}}
{{- end }}

{{/* The name of the ServingRuntime: the image's tag, and a suffix where the same image runs with other settings. */}}
{{- define "earlybell.runtime" -}}
{{- $tag := include "earlybell.tag" (list . "serving") -}}
{{- printf "earlybell-%s%s" $tag (ternary "" (print "-" .Values.serving.revision) (empty .Values.serving.revision)) -}}
{{- end }}

{{/* An annotation of what a model needs to start again and to be reached, so that it outlives an upgrade and the release. */}}
{{- define "earlybell.keep" -}}
{{- if .Values.serving.keep -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end }}
