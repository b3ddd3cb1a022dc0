-- id: BR-E01
-- title: Logging of model calls removed
-- meaning: The log of what is asked of models was deleted, or text is no longer delivered to it.
-- severity: critical
-- attack: T1562.008
-- atlas: AML.T0034
-- window: any
-- needs: management
-- look-alikes: infrastructure as code, which is left out; switching the log on
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name AS why
FROM events e
LEFT JOIN (SELECT event_key, value FROM fields WHERE path = 'loggingConfig.textDataDeliveryEnabled' AND value = 'false') f
  ON f.event_key = e.event_key
WHERE e.event_source = 'bedrock.amazonaws.com' AND e.ok = 1 AND e.is_iac = 0
  AND (e.event_name = 'DeleteModelInvocationLoggingConfiguration'
    OR (e.event_name = 'PutModelInvocationLoggingConfiguration' AND f.value IS NOT NULL))
