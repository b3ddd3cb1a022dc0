-- id: SM-X10
-- title: Core dumps of a serving container
-- meaning: An endpoint configuration writes core dumps of its container to S3: they hold the model and what is
--   asked of it.
-- severity: high
-- attack: T1005
-- atlas: AML.T0044
-- window: any
-- needs: management
-- look-alikes: rare debugging with the support of AWS
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'core dumps of ' || e.resource_name || ' go to ' || r.value AS why,
       r.norm AS bucket
FROM events e
JOIN refs r ON r.event_key = e.event_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1 AND r.path LIKE '%oreDumpConfig.destinationS3Uri'
