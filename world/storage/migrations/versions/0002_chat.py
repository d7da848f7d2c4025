"""The chat: lines by channel, reactions, reading marks and files

The table `messages` of the first form was never written to.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_messages_server_id_id", "messages")
    op.drop_table("messages")
    op.create_table(
        "chat_lines",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("server_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("channel", sa.String(length=140), nullable=False),
        sa.Column("zone_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_chat_lines_server_id_servers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["zones.id"], name=op.f("fk_chat_lines_zone_id_zones"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_lines")),
    )
    op.create_index("ix_chat_lines_channel", "chat_lines", ["server_id", "channel", "id"], unique=False)
    op.create_index("ix_chat_lines_created_at", "chat_lines", ["created_at"], unique=False)
    op.create_index("ix_chat_lines_zone_id", "chat_lines", ["zone_id"], unique=False)
    op.create_table(
        "chat_reactions",
        sa.Column("line_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("reaction", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["chat_lines.id"],
            name=op.f("fk_chat_reactions_line_id_chat_lines"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("line_id", "user_id", "reaction", name=op.f("pk_chat_reactions")),
    )
    op.create_table(
        "chat_marks",
        sa.Column("server_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("channel", sa.String(length=140), nullable=False),
        sa.Column("read_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_chat_marks_server_id_servers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chat_marks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", "user_id", "channel", name=op.f("pk_chat_marks")),
    )
    op.create_index("ix_chat_marks_user_id", "chat_marks", ["user_id"], unique=False)
    op.create_table(
        "chat_files",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("server_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=140), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_chat_files_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_files")),
    )
    op.create_index("ix_chat_files_created_at", "chat_files", ["created_at"], unique=False)
    op.create_index("ix_chat_files_line_id", "chat_files", ["line_id"], unique=False)
    op.create_index("ix_chat_files_server_id", "chat_files", ["server_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_chat_files_server_id", "chat_files")
    op.drop_index("ix_chat_files_line_id", "chat_files")
    op.drop_index("ix_chat_files_created_at", "chat_files")
    op.drop_table("chat_files")
    op.drop_index("ix_chat_marks_user_id", "chat_marks")
    op.drop_table("chat_marks")
    op.drop_table("chat_reactions")
    op.drop_index("ix_chat_lines_zone_id", "chat_lines")
    op.drop_index("ix_chat_lines_created_at", "chat_lines")
    op.drop_index("ix_chat_lines_channel", "chat_lines")
    op.drop_table("chat_lines")
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("server_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scope IN ('nearby', 'server')", name=op.f("ck_messages_scope")),
        sa.ForeignKeyConstraint(
            ["server_id"], ["servers.id"], name=op.f("fk_messages_server_id_servers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_server_id_id", "messages", ["server_id", "id"], unique=False)
