-- id: SM-E03
-- title: Threshold of a model's alerts changed
-- meaning: From now on more data must be wrong before anybody hears of it, or less: the new numbers are shown.
-- severity: medium
-- attack: T1562.001
-- atlas: AML.T0031
-- window: any
-- needs: management
-- look-alikes: tuning by infrastructure as code, which is left out
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       f.path || ' = ' || f.value || ' of ' || e.resource_name AS why
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE (f.path = 'datapointsToAlert' OR f.path = 'evaluationPeriod') AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'UpdateMonitoringAlert' AND e.ok = 1 AND e.is_iac = 0
