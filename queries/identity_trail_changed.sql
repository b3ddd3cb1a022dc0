-- id: SM-E02
-- title: Studio users no longer named in the logs
-- meaning: A domain no longer passes on who its users are: from now on every user of a role looks alike.
-- severity: high
-- attack: T1562.008
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: switching it on
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       f.path || ' = ' || f.value || ' for the domain ' || e.resource_name AS why
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'UpdateDomain' AND e.ok = 1 AND f.value = 'DISABLED'
  AND (f.path LIKE '%executionRoleIdentityConfig' OR f.path LIKE '%trustedIdentityPropagationSettings.status')
