-- id: SM-P13
-- title: Canvas may register models in another account
-- meaning: A profile or domain lets Canvas use a role of another account to register models there.
-- severity: medium
-- attack: T1537 T1199
-- atlas: AML.T0048.004
-- window: any
-- needs: management
-- look-alikes: the account of the central registry: known by its number
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'Canvas may use ' || r.value AS why,
       r.value AS role, e.target_profile
FROM events e
JOIN refs r ON r.event_key = e.event_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1 AND r.path LIKE '%crossAccountModelRegisterRoleArn' AND r.external = 1
