-- id: SM-A13
-- title: Sign-in of a labelling workforce changed
-- meaning: The addresses or the provider of identities of a workforce were set: who may see the data that is
--   labelled.
-- severity: high
-- attack: T1556
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: the yearly change of the network by infrastructure as code, which is left out
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ': ' || f.path || ' = ' || f.value AS why
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateWorkforce', 'UpdateWorkforce') AND e.ok = 1 AND e.is_iac = 0
  AND (f.path = 'sourceIpConfig.cidrs[]' OR f.path = 'oidcConfig.issuer')
