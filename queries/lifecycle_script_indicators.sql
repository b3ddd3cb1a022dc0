-- id: SM-L02
-- title: Lifecycle script that looks hostile
-- meaning: The script of a lifecycle configuration holds a strong sign of misuse. The script itself is not
--   shown: its hash is, to compare it with the one that you know.
-- severity: high
-- attack: T1546 T1059.009
-- atlas: AML.T0072
-- window: any
-- needs: management
-- look-alikes: scripts that stop idle notebooks use curl and cron: neither is enough
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the lifecycle script ' || e.resource_name || ' shows' || REPLACE(e.script_flags, ',', ' ') AS why,
       e.script_sha256
FROM events e
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name LIKE '%LifecycleConfig' AND (e.script_flags LIKE '%,reverse_shell,%' OR e.script_flags LIKE '%,fetch_and_run,%' OR e.script_flags LIKE '%,container_credentials,%' OR e.script_flags LIKE '%,exfiltration_host,%' OR e.script_flags LIKE '%,authorized_keys,%' OR e.script_flags LIKE '%,iam_change,%' OR e.script_flags LIKE '%,miner,%')
