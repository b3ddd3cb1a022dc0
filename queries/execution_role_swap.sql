-- id: SM-P03
-- title: Execution role of a domain or profile changed
-- meaning: A domain, its spaces or a user's profile runs with another role from now on.
-- severity: high
-- attack: T1548.005 T1098.003
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: infrastructure as code, which is left out; other settings of the same profile
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' sets ' || r.path || ' to ' || r.value AS why,
       r.value AS role, e.target_profile, e.resource_name
FROM events e
JOIN refs r ON r.event_key = e.event_key
WHERE r.kind = 'passed_role'
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1 AND e.is_iac = 0 AND e.event_name IN ('UpdateUserProfile', 'UpdateDomain')
  AND r.path IN ('userSettings.executionRole', 'defaultUserSettings.executionRole', 'defaultSpaceSettings.executionRole')
