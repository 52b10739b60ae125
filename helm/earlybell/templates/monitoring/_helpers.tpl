{{/* "true" where the chart's monitoring is wanted and the cluster has the Prometheus operator's kinds of a version; call with (list $ "v1"). */}}
{{- define "earlybell.operator" -}}
{{- $root := index . 0 -}}
{{- $monitoring := $root.Values.monitoring -}}
{{- $has := $root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/%s" (index . 1)) -}}
{{- if and $monitoring.enabled (or $monitoring.force $has) }}true{{ end -}}
{{- end }}

{{/* Name, namespace and labels of an object that Prometheus or Alertmanager reads; call with (list $ "earlybell-name"). */}}
{{- define "earlybell.monitored" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "earlybell.once" (list (include "earlybell.labels" (list $root "monitoring")) $root.Values.monitoring.labels) | nindent 2 }}
{{- end }}
