import type { JsonObject } from '../json.ts';
import { daySeconds, isoSeconds } from './instants.ts';
import type { Agent } from './people.ts';
import { departments, roleIds, skillIds } from './people.ts';
import type { PlainName } from './resources.ts';

/** The switches of a plan; all booleans. */
const planFlags = [
  'agent_leaderboard',
  'agent_reports',
  'analytics',
  'chat_reports',
  'daily_reports',
  'email_reports',
  'file_upload',
  'high_load',
  'integrations',
  'ip_restriction',
  'monitoring',
  'operating_hours',
  'rest_api',
  'sla',
  'support',
  'unbranding',
];

/** `GET account`. The limits of a plan are an integer or the text `unlimited`. */
export function accountItem(nowSeconds: number, agents: readonly Agent[]): JsonObject {
  return {
    account_key: 'SandboxSandboxSandboxSandbox0001',
    status: 'active',
    create_date: isoSeconds(nowSeconds - 900 * daySeconds),
    billing: {
      additional_info: '',
      address1: 'Teststraße 1',
      address2: '',
      city: 'Bonn',
      company: 'Example GmbH',
      country_code: 'DE',
      cycle: 1,
      email: 'billing@example.test',
      first_name: 'Ann',
      last_name: 'Example',
      phone: '',
      postal_code: '53111',
      state: '',
    },
    plan: {
      name: 'enterprise',
      short_desc: 'Enterprise',
      long_desc: 'Made up for the sandbox',
      price: 70.5,
      max_agents: agents.length,
      max_departments: 'unlimited',
      max_concurrent_chats: 'unlimited',
      max_history_search_days: 'unlimited',
      max_basic_triggers: 'unlimited',
      max_advanced_triggers: 50,
      goals: 5,
      widget_customization: 'full',
      ...Object.fromEntries(planFlags.map((flag) => [flag, true])),
    },
  };
}

/** What lies under `data` in `GET routing_settings/account`. */
export function accountRoutingItem(): JsonObject {
  return {
    routing_mode: 'assigned',
    chat_limit: { enabled: true, limit: 3, limit_type: 'account', allow_agent_override: false },
    skill_routing: { enabled: false, max_wait_time: 30 },
    reassignment: { enabled: true, timeout: 30 },
    auto_idle: { enabled: false, reassignments_before_idle: 3, new_status: 'away' },
    auto_accept: { enabled: false },
  };
}

function departmentItems(agents: readonly Agent[]): JsonObject[] {
  return departments.map(({ id, name }, index) => ({
    id,
    name,
    description: index === 0 ? '' : `Made-up department ${index}`,
    enabled: index === 1 ? 1 : true,
    members: agents
      .filter((_agent, place) => place % departments.length === index)
      .map((agent) => agent.id),
    settings:
      index === 0
        ? {}
        : {
            chat_enabled: true,
            support_group_id: id,
            solved_ticket_reassignment_strategy: 'never',
          },
  }));
}

function goalItems(): JsonObject[] {
  return ['Bought', 'Subscribed', '注文完了'].map((name, index) => ({
    id: 520_001 + index,
    name,
    description: '',
    enabled: index !== 2,
    attribution_model: index === 0 ? 'last_touch' : 'first_touch',
    attribution_period: 15 - index,
    settings: {
      conditions: [{ type: 'url', operator: 'equals', value: `https://shop.test/thanks/${index}` }],
    },
  }));
}

function roleItems(agents: readonly Agent[]): JsonObject[] {
  return ['Owner', 'Administrator', 'Agent'].map((name, index) => ({
    id: roleIds[index] ?? roleIds[0],
    name,
    description: `${name} of the sandbox`,
    enabled: true,
    members_count: index === 0 ? 1 : agents.length - 1,
    permissions: {
      visitors_seen: 'account',
      proactive_chatting: 'listen-join',
      edit_visitor_information: true,
      edit_visitor_notes: true,
      view_past_chats: index === 2 ? 'own' : 'account',
      edit_chat_tags: index !== 2,
      manage_bans: index === 2 ? 'none' : 'account',
      access_analytics: index === 2 ? 'none' : 'account',
      view_monitor: 'account',
      edit_department_agents: 'none',
      set_agent_chat_limit: 'none',
      manage_shortcuts: 'account',
    },
  }));
}

/** The last one is of the old kind: neither id nor scope. Its name is its identity. */
function shortcutItems(agents: readonly Agent[]): JsonObject[] {
  return [
    {
      id: 'bye',
      name: 'bye',
      message: 'Good bye 👋',
      options: 'Yes/No',
      tags: ['closing'],
      scope: 'all',
    },
    {
      id: 'sales-hello',
      name: 'sales-hello',
      message: 'Welcome to sales',
      options: '',
      tags: [],
      scope: 'department',
      departments: [departments[0].id],
    },
    {
      id: 'mine',
      name: 'mine',
      message: 'Only for me',
      options: '',
      tags: [],
      scope: 'agent',
      agents: agents.slice(0, 1).map((agent) => agent.id),
    },
    { name: 'old-one', message: 'From before ids', options: '', tags: [] },
  ];
}

function skillItems(agents: readonly Agent[]): JsonObject[] {
  return ['german', 'japanese', 'returns'].map((name, index) => ({
    id: skillIds[index] ?? skillIds[0],
    name,
    description: '',
    enabled: index === 2 ? 0 : true,
    members: agents.slice(index, index + 2).map((agent) => agent.id),
  }));
}

/** `condition` and `actions` are nested arrays of mixed types. */
function triggerItems(): JsonObject[] {
  return [
    {
      id: 67_000_001,
      name: 'Greet',
      description: '',
      enabled: true,
      definition: {
        event: 'page_enter',
        version: 1,
        editor: 'advanced',
        condition: ['and', ['stillOnPage', 30], ['not', ['firedBefore']]],
        actions: [
          ['addTag', 'greeted'],
          ['sendMessageToVisitor', 'Bot', 'Hello 🙂'],
        ],
      },
    },
    {
      id: 67_000_002,
      name: 'Busy',
      description: 'Tells visitors to wait',
      enabled: 1,
      definition: {
        event: 'chat_requested',
        condition: [
          'or',
          ['icontains', '@visitor_page_url', 'help'],
          ['eq', '@account_status', true],
        ],
        actions: [['wait', 5]],
      },
    },
  ];
}

/** The lists that are answered whole, as the API has them. */
export function plainLists(agents: readonly Agent[]): Record<PlainName, JsonObject[]> {
  return {
    departments: departmentItems(agents),
    goals: goalItems(),
    roles: roleItems(agents),
    shortcuts: shortcutItems(agents),
    skills: skillItems(agents),
    triggers: triggerItems(),
  };
}
