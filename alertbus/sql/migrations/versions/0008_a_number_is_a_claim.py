"""who is named where and what they claim; a database that knew anybody is rebuilt from Kafka before any part starts on it

Revision: 0008, after 0007.

What the old tables held does not say who claimed a number, or when, so it cannot be turned into claims. The mark of a
rebuild that has not finished makes every part refuse to start until `alertbus audit rebuild` has run: half a directory
would tell nobody, in silence.
"""

import sqlalchemy as sa
from alembic import op

from alertbus.sql.engine import UtcDateTime

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'directory_mention',
        sa.Column('mention_id', sa.String(300), nullable=False),
        sa.Column('scope', sa.String(60), nullable=False),
        sa.Column('kind', sa.String(10), nullable=False),
        sa.Column('of', sa.String(200), nullable=False),
        sa.Column('since', UtcDateTime(timezone=True), nullable=False),
        sa.Column('said_at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('heard_at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('person_ids', sa.Text(), nullable=False),
        sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
        sa.Column('facts', sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint('mention_id', name=op.f('pk_directory_mention')),
    )
    op.create_index(op.f('ix_directory_mention_of'), 'directory_mention', ['of'])
    op.create_table(
        'directory_claim',
        sa.Column('scope', sa.String(60), nullable=False),
        sa.Column('system', sa.String(40), nullable=False),
        sa.Column('value', sa.String(300), nullable=False),
        sa.Column('mention_id', sa.String(300), nullable=False),
        sa.Column('since', UtcDateTime(timezone=True), nullable=False),
        sa.Column('until', UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('scope', 'system', 'value', 'mention_id', name=op.f('pk_directory_claim')),
    )
    op.create_index('ix_directory_claim_mention', 'directory_claim', ['mention_id'])
    op.create_table(
        'directory_held',
        sa.Column('person_id', sa.String(36), nullable=False),
        sa.Column('mention_id', sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint('person_id', 'mention_id', name=op.f('pk_directory_held')),
    )
    op.create_index('ix_directory_held_mention', 'directory_held', ['mention_id'])
    op.create_table(
        'directory_alert_person',
        sa.Column('alert_id', sa.String(36), nullable=False),
        sa.Column('person_id', sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint('alert_id', 'person_id', name=op.f('pk_directory_alert_person')),
    )
    op.create_table(
        'directory_movement',
        sa.Column('person_id', sa.String(36), nullable=False),
        sa.Column('alert_id', sa.String(36), nullable=False),
        sa.Column('occurred_at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('at_liberty', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('person_id', 'alert_id', name=op.f('pk_directory_movement')),
    )
    op.create_table(
        'directory_version',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_version')),
    )
    op.create_table(
        'directory_revised',
        sa.Column('person_id', sa.String(36), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('at', UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('person_id', name=op.f('pk_directory_revised')),
    )
    op.create_table(
        'directory_said',
        sa.Column('id', sa.String(36), nullable=False),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.Column('published', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_said')),
    )
    op.create_index(
        'ix_directory_case_unpublished',
        'directory_case',
        ['case_id'],
        sqlite_where=sa.text('published IS 0'),
        postgresql_where=sa.text('published IS FALSE'),
    )
    known = op.get_bind().execute(sa.text('SELECT 1 FROM directory_found_by LIMIT 1')).first()
    if known is not None:
        mark = "INSERT INTO rebuild_unfinished (id, begun_at) SELECT 1, CURRENT_TIMESTAMP WHERE NOT EXISTS (SELECT 1 FROM rebuild_unfinished)"
        op.execute(mark)
    op.drop_table('directory_found_by')
    op.drop_table('directory_person')


def downgrade() -> None:
    op.create_table(
        'directory_person',
        sa.Column('person_id', sa.String(36), nullable=False),
        sa.Column('scope', sa.String(60), nullable=False),
        sa.Column('likeness', sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint('person_id', name=op.f('pk_directory_person')),
    )
    op.create_index('ix_directory_person_likeness', 'directory_person', ['scope', 'likeness'])
    op.create_table(
        'directory_found_by',
        sa.Column('scope', sa.String(60), nullable=False),
        sa.Column('system', sa.String(40), nullable=False),
        sa.Column('value', sa.String(200), nullable=False),
        sa.Column('person_id', sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint('scope', 'system', 'value', name=op.f('pk_directory_found_by')),
    )
    op.create_index(op.f('ix_directory_found_by_person_id'), 'directory_found_by', ['person_id'])
    op.drop_index('ix_directory_case_unpublished', 'directory_case')
    for table in ('said', 'revised', 'version', 'movement', 'alert_person', 'held', 'claim', 'mention'):
        op.drop_table(f'directory_{table}')
