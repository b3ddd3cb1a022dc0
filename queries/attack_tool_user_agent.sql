-- id: SM-N10
-- title: Attack tool calls an AI service
-- meaning: The user agent names a tool or system of attackers and testers.
-- severity: high
-- attack: T1078.004
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: the own testers
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' with ' || e.user_agent AS why,
       e.user_agent, e.source_ip
FROM events e
WHERE e.is_ai = 1 AND e.ua_family = 'attack-tool'
