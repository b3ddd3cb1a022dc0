-- id: SM-E12
-- title: Logs of SageMaker removed
-- meaning: A log group or stream of SageMaker was deleted, or how long it is kept was changed.
-- severity: high
-- attack: T1562.008 T1070
-- atlas: AML.T0031
-- window: any
-- needs: management
-- look-alikes: clean-up by infrastructure as code, which is left out; other logs
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || f.value AS why,
       f.value AS log_group
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE f.path = 'logGroupName' AND f.value LIKE '/aws/sagemaker/%'
  AND e.event_source = 'logs.amazonaws.com' AND e.ok = 1 AND e.is_iac = 0
  AND e.event_name IN ('DeleteLogGroup', 'DeleteLogStream', 'PutRetentionPolicy')
