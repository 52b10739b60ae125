{{/* A pod of `helm test`, which runs files/tests/NAME.py; call with (dict "root" $ "name" "trail" "account" "serving"), and where
     it is needed "secret", whose keys are variables beside the site's settings, and "token": true, to ask the cluster. */}}
{{- define "earlybell.test" -}}
{{- $root := .root -}}
apiVersion: v1
kind: Pod
metadata:
  name: earlybell-test-{{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- $own := include "earlybell.labels" (list $root "test") }}
    {{- include "earlybell.once" (list (toYaml $root.Values.podLabels) (fromYaml $own)) | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  serviceAccountName: earlybell-{{ .account }}
  automountServiceAccountToken: {{ .token | default false }}
  restartPolicy: Never
  activeDeadlineSeconds: 120
  securityContext: {{- include "earlybell.podSecurityContext" $root | nindent 4 }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "earlybell.scheduling" $root }}{{ . | trim | nindent 2 }}{{ end }}
  containers:
    - name: test
      {{- include "earlybell.image" (list $root "components") | nindent 6 }}
      command: [python, -c, {{ $root.Files.Get (printf "files/tests/%s.py" .name) | quote }}]
      {{- with include "earlybell.env" $root }}
      env: {{- . | trim | nindent 8 }}
      {{- end }}
      envFrom:
        - configMapRef:
            name: earlybell-settings
        {{- with .secret }}
        - secretRef:
            name: {{ . }}
        {{- end }}
      resources: {{- toYaml $root.Values.tests.resources | nindent 8 }}
      securityContext: {{- include "earlybell.securityContext" $root | nindent 8 }}
      volumeMounts:
        - name: scratch
          mountPath: /tmp
        {{- with include "earlybell.trustMount" $root }}{{ . | trim | nindent 8 }}{{ end }}
  volumes:
    - name: scratch
      emptyDir:
        sizeLimit: 64Mi
    {{- with include "earlybell.trustVolume" $root }}{{ . | trim | nindent 4 }}{{ end }}
{{- end }}
