-- id: SM-E08
-- title: Studio domain opened to the internet
-- meaning: A domain was made or changed so that its applications reach the internet directly.
-- severity: medium
-- attack: T1578.005
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: domains for trying out; infrastructure as code
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ': applications reach the internet directly' AS why
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE f.path = 'appNetworkAccessType' AND f.value = 'PublicInternetOnly'
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateDomain', 'UpdateDomain') AND e.ok = 1 AND e.is_iac = 0
