-- id: SM-E01
-- title: Monitoring of a model stopped or deleted
-- meaning: A monitoring schedule or its definition of quality was stopped or deleted.
-- severity: high
-- attack: T1562.001
-- atlas: AML.T0031
-- window: any
-- needs: management
-- look-alikes: the end of an endpoint: it is deleted within the same hour; infrastructure as code
WITH retired AS (
  SELECT actor_key, MAX(ts) AS ts FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name = 'DeleteEndpoint' AND ok = 1
  GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why
FROM events e
LEFT JOIN retired r ON r.actor_key = e.actor_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1 AND e.is_iac = 0
  AND e.event_name IN ('StopMonitoringSchedule', 'DeleteMonitoringSchedule', 'DeleteDataQualityJobDefinition', 'DeleteModelQualityJobDefinition', 'DeleteModelBiasJobDefinition', 'DeleteModelExplainabilityJobDefinition')
  AND (r.ts IS NULL OR r.ts > e.ts + 3600 OR r.ts < e.ts - 3600)
