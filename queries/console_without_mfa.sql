-- id: RR-03
-- title: Console sign-in without a second factor
-- meaning: A password alone opened the console, as an IAM user or as root.
-- severity: high
-- attack: T1078.004
-- atlas: -
-- window: any
-- needs: management
-- look-alikes: sign-ins through a provider of identities, which has its own second factor
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'signed in to the console without a second factor from ' || e.source_ip AS why
FROM events e
WHERE e.event_name = 'ConsoleLogin' AND e.ok = 1 AND e.mfa = 0 AND e.principal_kind IN ('user', 'root')
