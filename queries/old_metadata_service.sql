-- id: SM-E09
-- title: Notebook lets the old metadata service be used
-- meaning: A notebook instance accepts version 1 of the metadata service: its credentials can be had with one
--   plain request.
-- severity: low
-- attack: T1552.005
-- atlas: AML.T0055
-- window: any
-- needs: management
-- look-alikes: platforms that need it still; version 2
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' accepts version 1 of the metadata service' AS why
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1 AND f.path = 'instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion' AND f.value = '1'
