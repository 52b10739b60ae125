{{/* How a pod of the model runs. */}}
{{- define "earlybell.runtimeSpec" -}}
supportedModelFormats: # the formats of a bundle that this version reads
  - name: earlybell
    version: "1"
    autoSelect: false
  - name: earlybell
    version: "2"
    autoSelect: false
protocolVersions: [v1, v2]
annotations:
  prometheus.kserve.io/port: "8080"
  prometheus.kserve.io/path: /metrics
labels: {{- include "earlybell.podLabels" (list . "serving") | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "earlybell.nodes" . }}
containers:
  - name: kserve-container
    {{- include "earlybell.image" (list . "serving") | nindent 4 }}
    args:
      - serve
      - /mnt/models
      - {{ printf "--host=%s" .Values.serving.host | quote }}
      - --http-port=8080
      - --grpc-port=0
      - --tokens=/etc/earlybell/tokens/tokens.json
      - --trail=$(EARLYBELL_TRAIL)
      - --trail-anchors=$(EARLYBELL_TRAIL_ANCHORS)
      - --max-inflight-mib={{ .Values.serving.inFlight }}
      {{- range .Values.serving.args }}
      - {{ . | quote }}
      {{- end }}
    env:
      - name: EARLYBELL_HOME
        value: /tmp/earlybell
      - name: EARLYBELL_TRAIL
        valueFrom:
          configMapKeyRef:
            name: earlybell-settings
            key: EARLYBELL_TRAIL
      - name: EARLYBELL_TRAIL_ANCHORS
        valueFrom:
          configMapKeyRef:
            name: earlybell-settings
            key: EARLYBELL_TRAIL_ANCHORS
      - name: PGPASSWORD
        valueFrom:
          secretKeyRef:
            name: earlybell-trail
            key: PGPASSWORD
      {{- with include "earlybell.env" . }}{{ . | trim | nindent 6 }}{{ end }}
    ports:
      - name: http1 # Knative takes this name alone
        containerPort: 8080
        protocol: TCP
    startupProbe: # digests are checked and a first prediction is made before it is ready
      httpGet:
        path: /v2/models/learner-risk/ready
        port: 8080
      periodSeconds: 2
      timeoutSeconds: 2
      failureThreshold: 60
    readinessProbe:
      httpGet:
        path: /v2/models/learner-risk/ready
        port: 8080
      periodSeconds: 5
      timeoutSeconds: 2
      failureThreshold: 3
    livenessProbe:
      httpGet:
        path: /v2/health/live
        port: 8080
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    resources: {{- include "earlybell.servingResources" . | nindent 6 }}
    securityContext: {{- include "earlybell.securityContext" . | nindent 6 }}
    volumeMounts:
      - name: tokens
        mountPath: /etc/earlybell/tokens
        readOnly: true
      - name: scratch
        mountPath: /tmp
      {{- with include "earlybell.trustMount" . }}{{ . | trim | nindent 6 }}{{ end }}
volumes:
  - name: tokens # a folder, so that a change of the Secret reaches a pod that runs
    secret:
      secretName: {{ .Values.tokens.secret }}
  - name: scratch
    emptyDir:
      sizeLimit: {{ .Values.serving.scratch }}
  {{- with include "earlybell.trustVolume" . }}{{ . | trim | nindent 2 }}{{ end }}
{{- end }}
