-- id: RR-07
-- title: Key or password made for another user
-- meaning: An access key or a console password was made for somebody else than the caller: a way to stay.
-- severity: medium
-- attack: T1098.001 T1136.003
-- atlas: -
-- window: any
-- needs: management
-- look-alikes: the team that runs the accounts; infrastructure as code is left out
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' for ' || f.value AS why,
       f.value AS target_user
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE f.path = 'userName' AND e.event_source = 'iam.amazonaws.com' AND e.ok = 1 AND e.is_iac = 0
  AND e.event_name IN ('CreateAccessKey', 'CreateLoginProfile', 'UpdateLoginProfile')
  AND f.value <> e.principal_name
