"""who may sign in at the desk, and who has

Revision: 0018, after 0017. None of it comes back with `alertbus audit rebuild`: local users are in no topic. Downgrading forgets them.
"""

import alertbus.sql.engine
import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('desk_break_glass',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('who', sa.String(length=300), nullable=False),
    sa.Column('session_id', sa.String(length=36), nullable=False),
    sa.Column('subject_kind', sa.String(length=10), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('holder', sa.String(length=120), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('agency', sa.String(length=120), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_by', sa.String(length=120), nullable=True),
    sa.Column('seen_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_desk_break_glass'))
    )
    op.create_table('desk_device',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('who', sa.String(length=300), nullable=False),
    sa.Column('until', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_desk_device'))
    )
    op.create_index(op.f('ix_desk_device_until'), 'desk_device', ['until'], unique=False)
    op.create_index(op.f('ix_desk_device_who'), 'desk_device', ['who'], unique=False)
    op.create_table('desk_failed_attempts',
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_desk_failed_attempts'))
    )
    op.create_index(op.f('ix_desk_failed_attempts_last_at'), 'desk_failed_attempts', ['last_at'], unique=False)
    op.create_table('desk_pending_sign_in',
    sa.Column('cookie_hash', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=80), nullable=False),
    sa.Column('nonce', sa.String(length=80), nullable=False),
    sa.Column('verifier', sa.String(length=128), nullable=False),
    sa.Column('next', sa.String(length=500), nullable=False),
    sa.Column('asked_again', sa.Boolean(), nullable=False),
    sa.Column('begun_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('cookie_hash', name=op.f('pk_desk_pending_sign_in'))
    )
    op.create_index(op.f('ix_desk_pending_sign_in_begun_at'), 'desk_pending_sign_in', ['begun_at'], unique=False)
    op.create_table('desk_session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('who', sa.String(length=300), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('username', sa.String(length=200), nullable=False),
    sa.Column('agency', sa.String(length=120), nullable=False),
    sa.Column('setting', sa.String(length=120), nullable=True),
    sa.Column('team', sa.String(length=200), nullable=True),
    sa.Column('roles', sa.String(length=200), nullable=False),
    sa.Column('rights_version', sa.Integer(), nullable=True),
    sa.Column('provider_session', sa.String(length=200), nullable=True),
    sa.Column('begun_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_desk_session')),
    sa.UniqueConstraint('id', name=op.f('uq_desk_session_id'))
    )
    op.create_index(op.f('ix_desk_session_provider_session'), 'desk_session', ['provider_session'], unique=False)
    op.create_index(op.f('ix_desk_session_seen_at'), 'desk_session', ['seen_at'], unique=False)
    op.create_index(op.f('ix_desk_session_who'), 'desk_session', ['who'], unique=False)
    op.create_table('desk_user',
    sa.Column('username', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('agency', sa.String(length=120), nullable=False),
    sa.Column('setting', sa.String(length=120), nullable=True),
    sa.Column('team', sa.String(length=200), nullable=True),
    sa.Column('roles', sa.String(length=200), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('locked', sa.Boolean(), nullable=False),
    sa.Column('rights_version', sa.Integer(), nullable=False),
    sa.Column('changed_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('username', name=op.f('pk_desk_user'))
    )
    # ### end Alembic commands ###


def downgrade() -> None:
    op.drop_table('desk_user')
    op.drop_index(op.f('ix_desk_session_who'), table_name='desk_session')
    op.drop_index(op.f('ix_desk_session_seen_at'), table_name='desk_session')
    op.drop_index(op.f('ix_desk_session_provider_session'), table_name='desk_session')
    op.drop_table('desk_session')
    op.drop_index(op.f('ix_desk_pending_sign_in_begun_at'), table_name='desk_pending_sign_in')
    op.drop_table('desk_pending_sign_in')
    op.drop_index(op.f('ix_desk_failed_attempts_last_at'), table_name='desk_failed_attempts')
    op.drop_table('desk_failed_attempts')
    op.drop_index(op.f('ix_desk_device_who'), table_name='desk_device')
    op.drop_index(op.f('ix_desk_device_until'), table_name='desk_device')
    op.drop_table('desk_device')
    op.drop_table('desk_break_glass')
    # ### end Alembic commands ###
